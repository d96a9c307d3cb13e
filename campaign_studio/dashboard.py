"""The admin console's sidebar and landing page: grouped by what people come to do."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

from campaign_studio.console.navigation import Group, link


def _own_account(request: HttpRequest) -> str:
    """Where people see and change themselves; the sign-in page has nobody to ask about."""
    user = request.user
    return reverse("admin:accounts_user_change", args=[user.pk]) if user.is_authenticated else reverse("admin:index")


def _is_among_ads(request: HttpRequest) -> bool:
    """The queue, the screen and the board lie below the ads, but have links of their own."""
    own = tuple(reverse(f"admin:ads_ad_{page}") for page in ("queue", "preview", "board"))
    return reverse("admin:ads_ad_changelist") in request.path and not request.path.startswith(own)


SIDEBAR: list[Group] = [
    {
        "title": "Advertising",
        "separator": True,
        "items": [
            link(
                "Campaigns",
                "campaign",
                "admin:campaigns_campaign_changelist",
                "campaigns.view_campaign",
                "Flights of dates, audiences and caps.",
            ),
            link("Ads", "ad_units", "admin:ads_ad_changelist", "ads.view_ad", "What is shown: media, slots, review.")
            | {"active": _is_among_ads},
            link(
                "Review queue",
                "rule",
                "admin:ads_ad_queue",
                "ads.moderate_ad",
                "Ads that wait for a decision, soonest first.",
            ),
            link(
                "Screen preview",
                "tablet",
                "admin:ads_ad_preview",
                "ads.explain_delivery",
                "What a car’s screen shows, at any place and time, and why.",
            ),
            link(
                "Availability",
                "view_timeline",
                "admin:ads_ad_board",
                "ads.explain_delivery",
                "What is free, booked or shared in a city on a day.",
            ),
            link(
                "Advertisers",
                "storefront",
                "admin:advertisers_advertiser_changelist",
                "advertisers.view_advertiser",
                "Customers, their contacts and bank accounts.",
            ),
        ],
    },
    {
        "title": "Administration",
        "separator": True,
        "items": [
            link(
                "Users",
                "group",
                "admin:accounts_user_changelist",
                "accounts.list_user",
                "Who may sign in, and as what.",
            ),
            link(
                "Roles", "shield_person", "admin:accounts_role_changelist", "accounts.list_user", "What a role may do."
            ),
            link(
                "Audit log",
                "history",
                "admin:accounts_auditentry_changelist",
                "accounts.view_auditentry",
                "Who changed what, when and from where.",
            ),
            link(
                "Security log",
                "security",
                "admin:accounts_securityevent_changelist",
                "accounts.view_securityevent",
                "Sign-ins, lock-outs and refusals.",
            ),
            link(
                "Sessions",
                "devices",
                "admin:accounts_session_changelist",
                "accounts.list_user",
                "Who is signed in where; end it here.",
            ),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "ACCOUNT": {
        "navigation": [
            {"title": "My account", "link": _own_account},
            {"title": "Where I am signed in", "link": reverse_lazy("admin:accounts_session_changelist")},
            {"title": "Two-factor sign-in", "link": reverse_lazy("admin:two_factor")},
        ]
    },
    "COMMAND": {"search_models": ["campaigns.campaign", "ads.ad", "advertisers.advertiser"]},
    "SIDEBAR": {"show_search": True, "navigation": SIDEBAR},
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "sizes": "any",
            "href": lambda request: static("admin_console/favicon.svg"),
        }
    ],
}
