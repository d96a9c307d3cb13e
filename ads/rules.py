"""Who may do what with ads and devices, and what a device may do. An ad belongs to the creator of its campaign."""

from typing import TYPE_CHECKING

import rules
from django.utils.translation import gettext_lazy as _

from accounts.choices import ADMIN_ROLES, RoleName
from accounts.rules import is_admin, is_signed_in, role_in
from ads.models.devices import Device
from campaigns.rules import is_campaign_manager, owns_campaign

if TYPE_CHECKING:
    from accounts.models import User
    from ads.models import Ad, AdContentRating, AdTimeSlot


# The console and the API show it to a campaign manager who adds an ad to someone else's campaign.
NOT_OWN_CAMPAIGN = _("You can only add ads to campaigns that you created.")


@rules.predicate
def owns_ad(user: "User", part: "Ad | AdTimeSlot | AdContentRating | None" = None) -> bool:
    """Whether the user created the campaign of this ad, or of the ad that this is a part of."""
    return bool(owns_campaign(user, getattr(part, "ad", part)))


@rules.predicate
def is_device(asker: "User | Device") -> bool:
    """Whether a device asks, and not a user."""
    return isinstance(asker, Device)


moderates = role_in(*ADMIN_ROLES, RoleName.CONTENT_MODERATOR)
may_change = is_admin | (is_campaign_manager & owns_ad)
may_rate = moderates | may_change

# What can be done with an ad, and the permission for it.
ACTIONS = {
    "change": "ads.change_ad",
    "delete": "ads.delete_ad",
    "approve": "ads.moderate_ad",
    "reject": "ads.moderate_ad",
    "rate": "ads.rate_ad",
}

rules.add_perm("ads", is_signed_in)
rules.add_perm("ads.view_ad", is_signed_in)
# The object is the ad to be added, because managers may only add ads to their own campaigns.
rules.add_perm("ads.add_ad", may_change)
rules.add_perm("ads.change_ad", may_change)
rules.add_perm("ads.delete_ad", may_change)
rules.add_perm("ads.moderate_ad", moderates)
rules.add_perm("ads.rate_ad", may_rate)
rules.add_perm("ads.view_adtimeslot", is_signed_in)
rules.add_perm("ads.view_adcontentrating", is_signed_in)
for action in ("add", "change", "delete"):
    rules.add_perm(f"ads.{action}_adtimeslot", may_change)
    rules.add_perm(f"ads.{action}_adcontentrating", may_rate)

for action in ("view", "add", "change", "delete"):
    rules.add_perm(f"ads.{action}_device", is_admin)

# Every signed-in user and every device may see what shows, only devices report views, and staff may check delivery.
rules.add_perm("ads.ask_delivery", is_signed_in | is_device)
rules.add_perm("ads.report_views", is_device)
rules.add_perm("ads.explain_delivery", role_in(*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER, RoleName.CONTENT_MODERATOR))
