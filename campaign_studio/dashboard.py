"""The sidebar and home page of the admin console, grouped by task."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from campaign_studio.console.navigation import Group, link


def _own_account(request: HttpRequest) -> str:
    """The signed-in user's own page. The sign-in page, which has no user, links to the home page instead."""
    user = request.user
    return reverse("admin:accounts_user_change", args=[user.pk]) if user.is_authenticated else reverse("admin:index")


def _is_among_ads(request: HttpRequest) -> bool:
    """Whether the page belongs to “Ads”. Pages under its URL that have their own link don't."""
    own = tuple(reverse(f"admin:ads_ad_{page}") for page in ("queue", "preview", "board"))
    return reverse("admin:ads_ad_changelist") in request.path and not request.path.startswith(own)


SIDEBAR: list[Group] = [
    {
        "title": _("Advertising"),
        "separator": True,
        "items": [
            link(
                _("Campaigns"),
                "campaign",
                "admin:campaigns_campaign_changelist",
                "campaigns.view_campaign",
                _("Flights, targeting and caps."),
            ),
            link(
                _("Ads"),
                "ad_units",
                "admin:ads_ad_changelist",
                "ads.view_ad",
                _("Media, time slots, ratings and reviews."),
            )
            | {"active": _is_among_ads},
            link(
                _("Review queue"),
                "rule",
                "admin:ads_ad_queue",
                "ads.moderate_ad",
                _("Ads pending review, most urgent first."),
            ),
            link(
                _("Screen preview"),
                "tablet",
                "admin:ads_ad_preview",
                "ads.explain_delivery",
                _("What a car's screen shows at any place and time, and why."),
            ),
            link(
                _("Availability"),
                "view_timeline",
                "admin:ads_ad_board",
                "ads.explain_delivery",
                _("Free, booked and shared positions in a city on a day."),
            ),
            link(
                _("Advertisers"),
                "storefront",
                "admin:advertisers_advertiser_changelist",
                "advertisers.view_advertiser",
                _("Customers, their contacts and bank accounts."),
            ),
        ],
    },
    {
        "title": _("Administration"),
        "separator": True,
        "items": [
            link(
                _("Users"),
                "group",
                "admin:accounts_user_changelist",
                "accounts.list_user",
                _("Who may sign in, and in which role."),
            ),
            link(
                _("Roles"),
                "shield_person",
                "admin:accounts_role_changelist",
                "accounts.list_user",
                _("What each role may do."),
            ),
            link(
                _("Devices"),
                "directions_car",
                "admin:ads_device_changelist",
                "ads.view_device",
                _("The screens that report views, and their keys."),
            ),
            link(
                _("Audit log"),
                "history",
                "admin:accounts_auditentry_changelist",
                "accounts.view_auditentry",
                _("Who changed what, when and from where."),
            ),
            link(
                _("Security log"),
                "security",
                "admin:accounts_securityevent_changelist",
                "accounts.view_securityevent",
                _("Sign-ins, lockouts and refused requests."),
            ),
            link(
                _("Sessions"),
                "devices",
                "admin:accounts_session_changelist",
                "accounts.list_user",
                _("Where users are signed in. End a session here."),
            ),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "ACCOUNT": {
        "navigation": [
            {"title": _("My account"), "link": _own_account},
            {"title": _("Active sessions"), "link": reverse_lazy("admin:accounts_session_changelist")},
            {"title": _("Two-factor authentication"), "link": reverse_lazy("admin:two_factor")},
        ]
    },
    "COMMAND": {"search_models": ["campaigns.campaign", "ads.ad", "advertisers.advertiser"]},
    "SIDEBAR": {"show_search": True, "navigation": SIDEBAR},
    "STYLES": [
        lambda request: static("admin_console/long.css"),
        lambda request: static("admin_console/console.css"),
    ],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "sizes": "any",
            "href": lambda request: static("admin_console/favicon.svg"),
        }
    ],
}
