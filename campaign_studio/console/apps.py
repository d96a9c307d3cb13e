"""The admin console: our site instead of the stock one, with the pages that each app's `console/admin.py` registers."""

from django.contrib.admin import site
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class ConsoleConfig(AdminConfig):
    """Django's admin with `StudioAdminSite` as the default site."""

    default_site = "campaign_studio.console.site.StudioAdminSite"

    def ready(self) -> None:
        """Register our pages only: those that packages register themselves don't check our permissions."""
        super().ready()
        for model in list(site._registry):
            site.unregister(model)
        autodiscover_modules("console.admin", register_to=site)
