"""The admin console: our site in the stock one's place, with the pages that each app's `console/admin.py` registers."""

from django.contrib.admin import site
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class ConsoleConfig(AdminConfig):
    """Django's admin, whose site is ours."""

    default_site = "campaign_studio.console.site.StudioAdminSite"

    def ready(self) -> None:
        """Import every page. What packages register on their own bare admin asks other permissions than ours."""
        super().ready()
        for model in list(site._registry):
            site.unregister(model)
        autodiscover_modules("console.admin", register_to=site)
