"""The admin console's sidebar: grouped by what people come to do; each link shows only to those who may follow it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _link(title: str, icon: str, view: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(view), "permission": _may(permission)}


SIDEBAR = [
    {
        "title": "Advertising",
        "separator": True,
        "items": [
            _link("Campaigns", "campaign", "admin:campaigns_campaign_changelist", "campaigns.view_campaign"),
            _link("Ads", "ad_units", "admin:ads_ad_changelist", "ads.view_ad"),
            _link(
                "Advertisers",
                "storefront",
                "admin:advertisers_advertiser_changelist",
                "advertisers.view_advertiser",
            ),
        ],
    },
    {
        "title": "Administration",
        "separator": True,
        "items": [
            _link("Users", "group", "admin:accounts_user_changelist", "accounts.list_user"),
            _link("Roles", "shield_person", "admin:accounts_role_changelist", "accounts.list_user"),
            _link("Audit log", "history", "admin:accounts_auditentry_changelist", "accounts.view_auditentry"),
        ],
    },
]
