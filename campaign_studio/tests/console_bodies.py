"""What console tests post: the page's form as a system administrator sees it, with one change.

Users without permission send the same: hiding a field on a page protects nothing.
"""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.models import SignInAttempts, TOTPDevice, User
from accounts.tests.factories import PASSWORD
from ads.models import AdContentRating
from advertisers.tests.factories import OTHER_IBAN
from campaign_studio.tests.browser import form_data

NEW_PASSWORD = "another-long-password-2026"
SLOT, RATING = "ads.AdTimeSlot", "ads.AdContentRating"
TARGET = "campaigns.CampaignAudienceTargeting"
CONTACT, ACCOUNT = "advertisers.AdvertiserContact", "advertisers.AdvertiserBankAccount"
USER, AD, CAMPAIGN, ADVERTISER = "accounts.User", "ads.Ad", "campaigns.Campaign", "advertisers.Advertiser"
DEVICE = "ads.Device"
NOTHING = ""

NEW_CONTACT = {"contact_name": "Clara", "contact_email": "clara@example.com"}
NEW_ACCOUNT = {"bank_name": "New Bank", "bank_account_name": "ACME Ltd", "bank_account_iban": OTHER_IBAN}
NEW_RATING = {"rating_system": "MPAA", "rating_label": "PG"}

# Address and action → the table that must change, and the values to enter.
TYPED: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("/admin/campaigns/campaign/{campaign_id}/change/", "-"): (CAMPAIGN, {"campaign_name": "Changed"}),
    ("/admin/campaigns/campaign/{campaign_id}/change/", "status"): (CAMPAIGN, {"campaign_status": "active"}),
    ("/admin/ads/ad/{ad_id}/change/", "-"): (AD, {"ad_name": "Changed"}),
    ("/admin/ads/ad/{ad_id}/change/", "status"): (AD, {"ad_status": "active"}),
    ("/admin/advertisers/advertiser/{advertiser_id}/change/", "-"): (ADVERTISER, {"advertiser_name": "Changed"}),
    ("/admin/accounts/user/{user_id}/change/", "-"): (USER, {"first_name": "Changed"}),
    ("/admin/accounts/user/{user_id}/change/", "role"): (USER, {"role": "content_moderator"}),
    ("/admin/accounts/user/{user_id}/change/", "top-role"): (USER, {"role": "system_admin"}),
    ("/admin/accounts/user/{user_id}/change/", "inactive"): (USER, {"is_active": None}),
    ("/admin/ads/device/{device_id}/change/", "-"): (DEVICE, {"fleet": "Changed"}),
    ("/admin/ads/device/{device_id}/change/", "inactive"): (DEVICE, {"is_active": None}),
    ("/admin/ads/device/add/", "-"): (DEVICE, {"device_id": "fresh", "fleet": "Buses"}),
    ("/admin/campaigns/campaign/add/", "-"): (CAMPAIGN, {}),
    ("/admin/ads/ad/add/", "-"): (AD, {}),
    ("/admin/advertisers/advertiser/add/", "-"): (
        ADVERTISER,
        {"advertiser_name": "Roadside", **{f"contacts-0-{name}": value for name, value in NEW_CONTACT.items()}},
    ),
    ("/admin/accounts/user/add/", "-"): (
        USER,
        {
            "username": "fresh",
            "email": "fresh@example.com",
            "role": "user",
            "password1": NEW_PASSWORD,
            "password2": NEW_PASSWORD,
        },
    ),
}
# Kind of inline row → its prefix, its table, and the values to enter.
ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "target": ("audience_targeting", TARGET, {"region": "Europe", "country": "FR"}),
    "slot": ("time_slots", SLOT, {"time_slot_start": "06:00", "time_slot_end": "06:30"}),
    "rating": ("content_rating", RATING, NEW_RATING),
    "contact": ("contacts", CONTACT, NEW_CONTACT),
    "account": ("bank_accounts", ACCOUNT, NEW_ACCOUNT),
}
# Bulk action → the table that changes, and the values that its confirmation page adds.
ACTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "delete_selected": (NOTHING, {"post": "yes"}),
    "approve_selected": (AD, {"decide": "", "note": ""}),
    "reject_selected": (AD, {"decide": "", "note": "Too loud"}),
    "activate_selected": (NOTHING, {}),
    "pause_selected": (NOTHING, {}),
    "deactivate_selected": (NOTHING, {}),
    "unlock": ("accounts.SignInAttempts", {}),
    "end_sessions": ("accounts.Session", {}),
}
KEY_BELOW = {
    "/admin/campaigns/campaign/": "campaign_id",
    "/admin/ads/ad/": "ad_id",
    "/admin/ads/device/": "device_id",
    "/admin/advertisers/advertiser/": "advertiser_id",
    "/admin/accounts/user/": "user_id",
    "/admin/accounts/role/": "role_id",
    "/admin/accounts/auditentry/": "auditentry_id",
    "/admin/accounts/session/": "session_id",
    "/admin/accounts/securityevent/": "securityevent_id",
}
# Pages whose data is the same for every object.
PLAIN: dict[str, tuple[str, dict[str, str]]] = {
    "delete": (NOTHING, {"post": "yes"}),
    "approve": (AD, {"decide": "", "note": ""}),
    "reject": (AD, {"decide": "", "note": "Too loud"}),
    "rotate-key": (DEVICE, {}),
    "reveal": ("accounts.AuditEntry", {}),
    "password": (USER, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}),
    "password_change": (
        USER,
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    ),
    "login": ("accounts.Session", {"username": "anna", "password": PASSWORD}),
    "logout": ("accounts.Session", {}),
    "off": ("accounts.TOTPDevice", {}),
    "two-factor": (NOTHING, {"otp_token": "000000", "password": PASSWORD}),
    "{email_token}": (USER, {}),
    "email": ("accounts.SignInAttempts", {}),
    "password_reset": ("accounts.SecurityEvent", {"email": "anna@example.com"}),
}


def row(prefix: str, number: int, **typed: Any) -> dict[str, Any]:
    """The form data of one row of an inline."""
    return {f"{prefix}-{number}-{name}": value for name, value in typed.items()}


def added(sent: dict[str, Any], prefix: str, **typed: Any) -> dict[str, Any]:
    """`sent` with another row, as added by “Add another”."""
    number = int(sent[f"{prefix}-TOTAL_FORMS"][0])
    blank = {
        name.replace("__prefix__", str(number)): value
        for name, value in sent.items()
        if name.startswith(f"{prefix}-__prefix__-")
    }
    return sent | blank | {f"{prefix}-TOTAL_FORMS": str(number + 1)} | row(prefix, number, **typed)


def with_row(sent: dict[str, Any], what: str) -> tuple[str, dict[str, Any]]:
    """The table that changes, and `sent` with `what` (`contact-added`, `slot-deleted` …) done to a row."""
    kind, done = what.split("-")
    prefix, table, typed = ROWS[kind]
    if done == "added" and kind != "rating":
        return table, added(sent, prefix, **typed)
    return table, sent | row(prefix, 0, **({"DELETE": "on"} if done == "deleted" else typed))


def new_names(address: str, keys: dict[str, Any]) -> dict[str, Any]:
    """The required fields of a new campaign or ad that its form leaves empty."""
    today = timezone.localdate()
    if address == "/admin/campaigns/campaign/add/":
        return {
            "campaign_name": "Summer",
            "campaign_start_date": f"{today:%d/%m/%Y}",
            "campaign_end_date": f"{today + timedelta(days=9):%d/%m/%Y}",
        }
    if address == "/admin/ads/ad/add/":
        media = {"ad_type_id": "top_bar_ad", "media_type": "text", "media_content": "Fresh coffee"}
        return {"campaign": str(keys["campaign_id"]), "ad_name": "Coffee", **media}
    return {}


def prepare(what: str, keys: dict[str, Any]) -> None:
    """Create the conditions in which `what` can succeed."""
    if what == "rating-added":
        AdContentRating.objects.filter(ad_id=keys["ad_id"]).delete()
    if what.startswith("two-factor"):
        device = TOTPDevice.objects.begin(User.objects.get(pk=keys["user_id"]))
        device.confirmed = what.endswith("on")
        device.save()
    if what.startswith("unlock"):
        SignInAttempts.objects.attempt(User.objects.get(pk=keys["user_id"]), "192.0.2.1", at=timezone.now())


class Forms:
    """The form data of pages. Each page is fetched once."""

    def __init__(self, reader: User) -> None:
        self.browser = Client()
        self.browser.force_login(reader)
        self.filled_in: dict[str, dict[str, Any]] = {}

    def posted(self, address: str, what: str, keys: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The table that changes on success (NOTHING for several or none), and the data to send."""
        if what.removesuffix("?") in ACTIONS:
            table, confirmed = ACTIONS[what.removesuffix("?")]
            chosen = {"action": what.removesuffix("?"), "_selected_action": str(keys[KEY_BELOW[address]])}
            return (NOTHING, chosen) if what.endswith("?") else (table, chosen | confirmed)
        last = address.rstrip("/").rsplit("/", 1)[-1]
        if last in PLAIN:
            return PLAIN[last]
        if what.split("-")[0] in ROWS:
            return with_row(self.form_at(address, keys), what)
        if (address, what) not in TYPED:
            # No role has a form there.
            return NOTHING, {"role_level": "1", "actor_name": "me"}
        table, typed = TYPED[address, what]
        return table, typed_into(self.form_at(address, keys), new_names(address, keys) | typed)

    def form_at(self, address: str, keys: dict[str, Any]) -> dict[str, Any]:
        """The data that the page's form sends if nothing is changed."""
        path = address.format(**keys)
        if path not in self.filled_in:
            self.filled_in[path] = form_data(self.browser.get(path))
        return self.filled_in[path]


def typed_into(sent: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    """`sent` with these values; None unticks a box."""
    return {name: value for name, value in (sent | typed).items() if value is not None}


def rows_of(table: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of their primary keys."""
    return list(apps.get_model(table)._base_manager.order_by("pk").values())
