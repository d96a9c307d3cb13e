"""Permissions for campaigns and their targets. A campaign belongs to the user who created it."""

from typing import TYPE_CHECKING

import rules

from accounts.choices import PLANNING_ROLES, RoleName
from accounts.rules import is_admin, is_signed_in, is_staff, role_in

if TYPE_CHECKING:
    from accounts.models import User
    from campaigns.changesets.models import ChangeSet
    from campaigns.models import Campaign, CampaignAudienceTargeting

is_campaign_manager = role_in(RoleName.CAMPAIGN_MANAGER)


@rules.predicate
def owns_campaign(user: "User", part: "Campaign | CampaignAudienceTargeting | None" = None) -> bool:
    """Whether the user created the campaign, or the campaign that this target is part of."""
    campaign = part if part is None or hasattr(part, "campaign_created_by_id") else part.campaign
    return campaign is None or campaign.campaign_created_by_id == user.pk


may_change = is_admin | (is_campaign_manager & owns_campaign)

# What can be done with a campaign, and the permission for it. A copy is a new campaign of the user who makes it.
ACTIONS = {
    "change": "campaigns.change_campaign",
    "delete": "campaigns.delete_campaign",
    "duplicate": "campaigns.add_campaign",
    "publish": "campaigns.change_campaign",
    "shift": "campaigns.change_campaign",
}


@rules.predicate
def planned_it(user: "User", change_set: "ChangeSet | None" = None) -> bool:
    """Whether the user has planned the change set."""
    return change_set is None or change_set.created_by_id == user.pk


# What an operation of a change set may do is asked for each operation.
for action in ("view", "add", "change"):
    rules.add_perm(f"campaigns.{action}_changeset", is_admin | (is_staff & planned_it))

rules.add_perm("campaigns", is_signed_in)
rules.add_perm("campaigns.view_campaign", is_signed_in)
rules.add_perm("campaigns.add_campaign", role_in(*PLANNING_ROLES))
rules.add_perm("campaigns.change_campaign", may_change)
rules.add_perm("campaigns.delete_campaign", may_change)
rules.add_perm("campaigns.view_campaignaudiencetargeting", is_signed_in)
for action in ("add", "change", "delete"):
    rules.add_perm(f"campaigns.{action}_campaignaudiencetargeting", may_change)
