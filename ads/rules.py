"""Who may do what with ads. An ad belongs to the user who created its campaign."""

from typing import TYPE_CHECKING

import rules
from django.utils.translation import gettext_lazy as _

from accounts.choices import ADMIN_ROLES, RoleName
from accounts.rules import is_admin, is_signed_in, role_in
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


moderates = role_in(*ADMIN_ROLES, RoleName.CONTENT_MODERATOR)
may_change = is_admin | (is_campaign_manager & owns_ad)
may_rate = moderates | may_change

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

# Every signed-in user may see what shows, all but guests may report views, and staff may check delivery.
rules.add_perm("ads.ask_delivery", is_signed_in)
rules.add_perm("ads.report_views", role_in(*[role for role in RoleName if role != RoleName.GUEST]))
rules.add_perm("ads.explain_delivery", role_in(*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER, RoleName.CONTENT_MODERATOR))
