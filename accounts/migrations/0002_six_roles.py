from django.db import migrations

ROLES = [
    ("system_admin", 1, "Runs the installation: may do everything, and alone may delete users."),
    ("app_admin", 2, "Runs the business: every campaign, advertiser and user except system administrators."),
    (
        "campaign_manager",
        3,
        "Plans campaigns and ads, keeps advertisers, and changes what they created themselves.",
    ),
    ("content_moderator", 4, "Reviews ads: approves, rejects, and assigns content ratings."),
    ("user", 5, "Reads campaigns and ads."),
    ("guest", 6, "Reads campaigns and ads."),
]


def create_roles(apps, schema_editor):
    role = apps.get_model("accounts", "Role")
    for name, level, description in ROLES:
        role.objects.get_or_create(role_name=name, defaults={"role_level": level, "role_description": description})


def delete_roles(apps, schema_editor):
    apps.get_model("accounts", "Role").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people_and_audit_log")]
    operations = [migrations.RunPython(create_roles, delete_roles)]
