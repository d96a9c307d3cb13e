"""Campaigns: what is advertised, when and where."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Campaigns and their targeting."""

    name = "campaigns"
    verbose_name = _("Advertising")

    def ready(self) -> None:
        from accounts.audit import recording
        from advertisers.models import Advertiser
        from campaigns import models, rules  # noqa: F401 - importing rules registers the permissions
        from campaigns.changesets.resources import Resource, register

        recording.register(models.Campaign)
        keys = frozenset({"region_key", "city_keys", "postcode_keys"})
        recording.register(models.CampaignAudienceTargeting, exclude=keys)
        register(Resource(Advertiser, parts=("contacts",)))
        movable = frozenset({"advertiser_id"})
        register(Resource(models.Campaign, parts=("audience_targeting",), movable=movable))
