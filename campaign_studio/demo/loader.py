"""Stores the demo data through the models, each row on behalf of the user responsible for it.

Each key is derived from a name in the tables, and each object is loaded once with its parts. Loading again changes
nothing: what users have renamed, changed or deleted since stays that way.
"""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from ads.choices import MediaType, ModerationStatus
from ads.media import NEEDS_URL
from ads.models import Ad, AdContentRating, AdTimeSlot
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.acting import acting_as
from campaign_studio.demo.fleet import load_fleet
from campaign_studio.demo.others import OTHERS
from campaign_studio.demo.people import CUSTOMERS, PASSWORD, PEOPLE, Customer
from campaign_studio.demo.running import RUNNING
from campaign_studio.demo.shapes import Creative, Flight
from campaign_studio.demo.views import PACE, load_views
from campaigns.choices import Status
from campaigns.models import Campaign, CampaignAudienceTargeting

Row = TypeVar("Row", bound=Model)
FLIGHTS = [*RUNNING, *OTHERS]
PICTURES = "/static/demo"
KEYS = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.studio.example.com")
ADS_PER_COPY = 3
ROWS_PER_TRANSACTION = 50


def load(base_url: str, *, on: date) -> None:
    """Load all tables. `base_url` is where the server serves the pictures, without a trailing slash."""
    with transaction.atomic():
        _load_people()
        load_fleet()
        for customer in CUSTOMERS:
            _load_customer(customer)
        for flight in FLIGHTS:
            _load_flight(flight, base_url + PICTURES, on)


def load_copies(times: int, *, on: date, advance: Callable[[int], None]) -> None:
    """Add numbered copies until there are `times` times as many campaigns as in the tables. Each copy has three ads.

    Calls `advance(n)` after every n campaigns.
    """
    wanted = (times - 1) * len(FLIGHTS)
    for first in range(1, wanted + 1, ROWS_PER_TRANSACTION):
        numbers = range(first, min(first + ROWS_PER_TRANSACTION, wanted + 1))
        keys = {_key("campaign", _name_of_copy(number)): number for number in numbers}
        there = Campaign.objects.filter(pk__in=keys).values_list("pk", flat=True)
        with transaction.atomic(), acting_as(_person("felix")):
            for number in sorted(set(numbers) - {keys[key] for key in there}):
                _load_copy(number, on)
        advance(len(numbers))


def _load_people() -> None:
    for person in PEOPLE:
        if User.objects.filter(pk=_key("person", person.username)).exists():
            continue
        names = {name: getattr(person, name) for name in ("username", "first_name", "last_name", "is_active")}
        email = f"{person.username}@studio.example.com"
        with acting_as("demo"):
            User.objects.create_user(
                user_id=_key("person", person.username),
                email=email,
                password=PASSWORD,
                role_id=person.role,
                is_verified=True,
                **names,
            )


def _load_customer(customer: Customer) -> None:
    key = _key("customer", customer.name)
    if Advertiser.objects.filter(pk=key).exists():
        return
    street, postal_code, city, state, country = customer.place
    latitude, longitude = customer.position
    with acting_as(_person(customer.manager)):
        advertiser = _write(
            Advertiser(
                advertiser_id=key,
                advertiser_name=customer.name,
                advertiser_type=customer.type,
                address_line_1=street,
                postal_code=postal_code,
                city=city,
                state=state,
                country=country,
                latitude=latitude,
                longitude=longitude,
                timezone=customer.timezone,
            )
        )
        _add_contacts(advertiser, customer)
        _add_accounts(advertiser, customer)


def _add_contacts(advertiser: Advertiser, customer: Customer) -> None:
    for number, contact in enumerate(customer.contacts):
        _write(
            AdvertiserContact(
                advertiser=advertiser,
                contact_name=contact.name,
                contact_type=contact.type,
                contact_email=contact.email,
                contact_phone=contact.phone,
                is_point_of_contact=number == 0,
            )
        )


def _add_accounts(advertiser: Advertiser, customer: Customer) -> None:
    for number, account in enumerate(customer.accounts):
        _write(
            AdvertiserBankAccount(
                advertiser=advertiser,
                bank_name=account.bank,
                bank_account_name=customer.name,
                bank_account_number=account.number,
                bank_account_iban=account.iban,
                bank_account_bic=account.bic,
                bank_account_routing_number=account.routing,
                bank_account_currency=account.currency,
                is_default=number == 0,
                is_verified=number == 0,
                is_sepa_compliant=account.currency == "EUR",
            )
        )


def _load_flight(flight: Flight, pictures: str, today: date) -> None:
    campaign = Campaign.objects.filter(pk=_key("campaign", flight.name)).first()
    if campaign:
        _move_pictures(campaign, pictures)
        return
    with acting_as(_person(flight.manager)):
        campaign = _new_campaign(flight, today)
        for creative in flight.ads:
            ad = _new_ad(campaign, creative, creative.media.replace("{pictures}", pictures), today)
            _review(ad, creative)
        if flight.status == Status.EXPIRED:
            campaign.move_to(Status.EXPIRED)
    if flight.name in PACE:
        load_views(campaign, now=timezone.now())


def _new_campaign(flight: Flight, today: date) -> Campaign:
    first, last, expiry = flight.days
    value, unit, views = flight.cap
    campaign: Campaign = _write(
        Campaign(
            campaign_id=_key("campaign", flight.name),
            campaign_name=flight.name,
            campaign_description=flight.description,
            advertiser_id=_key("customer", flight.customer) if flight.customer else None,
            campaign_start_date=today + timedelta(first),
            campaign_end_date=today + timedelta(last),
            campaign_expiry_date=None if expiry is None else today + timedelta(expiry),
            campaign_max_view_duration_value=value,
            campaign_max_view_duration_unit=unit,
            campaign_max_view_count=views,
            campaign_status=_first_status(flight.status),
        )
    )
    for target in flight.targets:
        _write(
            CampaignAudienceTargeting(
                campaign=campaign,
                region=target.region,
                country=target.country,
                cities=target.cities,
                postcodes=target.postcodes,
            )
        )
    return campaign


def _move_pictures(campaign: Campaign, pictures: str) -> None:
    """Adapt picture URLs when the demo runs on another port. The pictures are the same, so reviews stay valid."""
    for ad in campaign.ads.filter(media_url__contains=f"{PICTURES}/").exclude(media_url__startswith=f"{pictures}/"):
        status, by, at, note = ad.moderation_status, ad.moderated_by, ad.moderated_at, ad.moderation_note or ""
        with acting_as("demo"):
            ad.media_url = f"{pictures}/{ad.media_url.rpartition('/')[2]}"
            _write(ad)
            if status == ModerationStatus.APPROVED:
                ad.approve(by, at=at, note=note)
            elif status == ModerationStatus.REJECTED:
                ad.reject(by, at=at, note=note)


def _new_ad(campaign: Campaign, creative: Creative, media: str, today: date) -> Ad:
    is_url = creative.media_type in NEEDS_URL
    first, last = creative.days or (None, None)
    ad: Ad = _write(
        Ad(
            campaign=campaign,
            ad_name=creative.name,
            ad_type_id=creative.position,
            media_type=creative.media_type,
            media_url=media if is_url else None,
            media_content=None if is_url else media,
            ad_impression_duration_value=creative.seconds,
            ad_impression_duration_unit="seconds",
            ad_in_view_duration_value=3,
            ad_in_view_duration_unit="seconds",
            ad_advertiser_forwarding_url="https://www.example.com/" + creative.position.replace("_", "-"),
            ad_start_date=None if first is None else today + timedelta(first),
            ad_end_date=None if last is None else today + timedelta(last),
            ad_status=Status.DRAFT if creative.status == Status.ACTIVE else _first_status(creative.status),
        )
    )
    for slot in creative.slots:
        for part in slot.parts():
            _write(AdTimeSlot(ad=ad, **part.values()))
    if creative.rating:
        system, label = creative.rating
        _write(
            AdContentRating(
                ad=ad,
                rating_system=system,
                rating_label=label,
                content_warnings=creative.warnings,
                warning_required=bool(creative.warnings),
                no_prohibited_content=True,
            )
        )
    if ad.status != creative.status:
        ad.move_to(creative.status)
    return ad


def _review(ad: Ad, creative: Creative) -> None:
    if creative.review is None:
        return
    moderator = _person("mina")
    with acting_as(moderator):
        if creative.review == "approved":
            ad.approve(moderator, at=timezone.now(), note=creative.note)
        else:
            ad.reject(moderator, at=timezone.now(), note=creative.note)


def _first_status(status: str) -> str:
    """The status to create something with: nothing can be created as expired."""
    return Status.INACTIVE if status == Status.EXPIRED else status


def _name_of_copy(number: int) -> str:
    return f"Fleet campaign {number:06}"


def _load_copy(number: int, today: date) -> None:
    pattern = FLIGHTS[number % len(RUNNING)]
    flight = Flight(
        name=_name_of_copy(number),
        customer=pattern.customer,
        manager="felix",
        status=Status.ACTIVE,
        days=(-(number % 60), 30 + number % 300, None),
        targets=pattern.targets,
    )
    campaign = _new_campaign(flight, today)
    texts = [creative for creative in pattern.ads if creative.media_type in (MediaType.TEXT, MediaType.HTML)]
    for place in range(ADS_PER_COPY):
        creative = (texts or [Creative("Text", "bottom_left_ad", MediaType.TEXT, "Drive safely.")])[0]
        named = Creative(f"Creative {place + 1}", creative.position, creative.media_type, creative.media)
        _new_ad(campaign, named, creative.media, today)


def _key(kind: str, name: str) -> uuid.UUID:
    return uuid.uuid5(KEYS, f"{kind} {name}")


def _person(username: str) -> User:
    """The user with that name in the tables, even if renamed since."""
    found: User = User.objects.get(pk=_key("person", username))
    return found


def _write(row: Row) -> Row:
    row.full_clean()
    row.save()
    return row
