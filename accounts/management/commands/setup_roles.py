"""`manage.py setup_roles`: three roles of PostgreSQL, so that the server can't rewrite the audit log."""

import argparse

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.roles import NAME, Roles, statements
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Prints the SQL, or runs it with the rights of `DATABASE_URL`. Running it again changes nothing."""

    help = _(
        "Print the SQL that makes three roles: one that owns the database and runs migrations, one for the servers, "
        "which can only add to the audit log, and one that owns the log. Run it as a superuser, after migrate, and "
        "again after an upgrade."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner", type=_role, default="studio_owner", metavar="ROLE")
        parser.add_argument("--application", type=_role, default="studio_app", metavar="ROLE")
        parser.add_argument("--log-owner", type=_role, default="studio_log", metavar="ROLE")
        parser.add_argument("--run", action="store_true", help=gettext("run the SQL instead of printing it"))

    def handle(self, *args: object, owner: str, application: str, log_owner: str, run: bool, **options: object) -> None:
        """Print or run the SQL. Raises CommandError if two names are equal, or if the database refuses it."""
        roles = Roles(owner, application, log_owner)
        if len({*roles}) < len(roles):
            raise CommandError(gettext("The three roles need different names."))
        wanted = list(statements(roles, database=connection.settings_dict["NAME"]))
        if not run:
            self.stdout.write("".join(f"{statement};\n" for statement in ("BEGIN", *wanted, "COMMIT")))
            return
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in wanted:
                    cursor.execute(statement)
        except DatabaseError as error:
            message = gettext(
                "The database refused it: %(reason)s. Run migrate first, and run this with the DATABASE_URL of a "
                "superuser."
            )
            raise CommandError(message % {"reason": str(error).splitlines()[0]}) from error
        message = gettext(
            "Done. Give %(owner)s and %(application)s a password, run migrate and partition_views as %(owner)s, and "
            "everything else as %(application)s."
        )
        self.stdout.write(message % {"owner": owner, "application": application})


def _role(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            gettext("use lower-case letters, digits and _, beginning with a letter, at most 63 characters")
        )
    return text
