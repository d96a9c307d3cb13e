"""The users of the demo, and their customers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PASSWORD = "drive-safely-2026"  # noqa: S105 - printed by `manage.py demo`, which runs under DEBUG only


@dataclass(frozen=True)
class Person:
    """A user. Those with `does` are in the sign-in table, where it describes what the role may do."""

    username: str
    first_name: str
    last_name: str
    role: str
    does: "StrOrPromise" = ""
    is_active: bool = True


PEOPLE = [
    Person("rosa", "Rosa", "Keller", "system_admin", _("everything, including deleting users")),
    Person(
        "anton",
        "Anton",
        "Brandt",
        "app_admin",
        _("manage all campaigns, advertisers and users, and reveal bank account numbers"),
    ),
    Person("mara", "Mara", "Lindqvist", "campaign_manager", _("plan campaigns and ads, and change their own")),
    Person("felix", "Felix", "Okafor", "campaign_manager"),
    Person("mina", "Mina", "Haddad", "content_moderator", _("approve, reject and rate ads")),
    Person("tom", "Tom", "Weber", "user", _("read campaigns and ads through the API")),
    Person("gwen", "Gwen", "Price", "guest", _("read campaigns and ads through the API")),
    Person("ines", "Inês", "Duarte", "content_moderator"),
    Person("karl", "Karl", "Vogt", "campaign_manager", is_active=False),
]


@dataclass(frozen=True)
class Contact:
    """A contact. An advertiser's first one is its point of contact."""

    name: str
    type: str
    email: str
    phone: str | None = None


@dataclass(frozen=True)
class Account:
    """A bank account. An advertiser's first one is its default. The IBANs are examples from ISO 13616."""

    bank: str
    currency: str
    iban: str | None = None
    number: str | None = None
    bic: str | None = None
    routing: str | None = None


@dataclass(frozen=True)
class Customer:
    """An advertiser. `place` is street, postcode, city, state and country, `position` latitude and longitude."""

    name: str
    type: str
    manager: str
    place: tuple[str, str, str, str, str]
    position: tuple[float, float]
    timezone: str
    contacts: list[Contact]
    accounts: list[Account] = field(default_factory=list)


CUSTOMERS = [
    Customer(
        "Nordlicht Motors",
        "enterprise",
        "mara",
        ("Am Sandtorkai 37", "20457", "Hamburg", "Hamburg", "DE"),
        (53.5436, 9.9932),
        "Europe/Berlin",
        [
            Contact("Henrike Thomsen", "marketing", "h.thomsen@nordlicht.example", "+494066969280"),
            Contact("Ole Petersen", "finance", "o.petersen@nordlicht.example"),
            Contact("Service desk", "support", "service@nordlicht.example"),
        ],
        [
            Account("Commerzbank", "EUR", iban="DE89370400440532013000", bic="COBADEFFXXX"),
            Account("Svenska Handelsbanken", "SEK", iban="SE4550000000058398257466", bic="HANDSESS"),
        ],
    ),
    Customer(
        "Café Boulevard",
        "business",
        "mara",
        ("12 Boulevard Saint-Germain", "75005", "Paris", "Île-de-France", "FR"),
        (48.8506, 2.3498),
        "Europe/Paris",
        [Contact("Élodie Marchand", "manager", "elodie@boulevard.example", "+33199005300")],
        [Account("La Banque Postale", "EUR", iban="FR1420041010050500013M02606", bic="PSSTFRPPXXX")],
    ),
    Customer(
        "Thames Tyres",
        "business",
        "felix",
        ("4 Southwark Street", "SE1 1TU", "London", "Greater London", "GB"),
        (51.5053, -0.0908),
        "Europe/London",
        [
            Contact("Oliver Hughes", "sales", "oliver@thamestyres.example", "+442079460958"),
            Contact("Priya Nair", "it", "priya@thamestyres.example"),
        ],
        [Account("NatWest", "GBP", iban="GB29NWBK60161331926819", bic="NWBKGB2L")],
    ),
    Customer(
        "Sunset Charge",
        "enterprise",
        "felix",
        ("1200 Ocean Avenue", "90401", "Santa Monica", "California", "US"),
        (34.0132, -118.4973),
        "America/Los_Angeles",
        [
            Contact("Dana Whitfield", "admin", "dana@sunsetcharge.example", "+13105550132"),
            Contact("Luis Ortega", "tech", "luis@sunsetcharge.example"),
        ],
        [Account("Bank of America", "USD", number="000123456789", bic="BOFAUS3N", routing="026009593")],
    ),
    Customer(
        "Sakura Onsen",
        "individual",
        "mara",
        ("266 Gora", "250-0408", "Hakone", "Kanagawa", "JP"),
        (35.2446, 139.0498),
        "Asia/Tokyo",
        [Contact("Haruka Sato", "manager", "haruka@sakura.example")],
        [Account("Mizuho Bank", "JPY", number="1234567", bic="MHCBJPJT")],
    ),
    Customer(
        "Rádio Ipanema",
        "business",
        "felix",
        ("Rua Visconde de Pirajá 414", "22410-002", "Rio de Janeiro", "Rio de Janeiro", "BR"),
        (-22.9838, -43.2070),
        "America/Sao_Paulo",
        [
            Contact("Beatriz Almeida", "marketing", "beatriz@ipanema.example"),
            Contact("Rafael Costa", "hr", "rafael@ipanema.example"),
        ],
        [Account("Caixa Econômica", "BRL", iban="BR1800360305000010009795493C1", bic="CEFXBRSP")],
    ),
    Customer(
        "Fahrschule Hofer",
        "individual",
        "mara",
        ("Mariahilfer Straße 88", "1070", "Wien", "Wien", "AT"),
        (48.1985, 16.3466),
        "Europe/Vienna",
        [Contact("Josef Hofer", "sales", "josef@hofer.example")],
        [Account("BAWAG", "EUR", iban="AT611904300234573201", bic="BAWAATWW")],
    ),
    Customer(
        "Blickfang Media",
        "agency",
        "felix",
        ("Torstraße 140", "10119", "Berlin", "Berlin", "DE"),
        (52.5299, 13.3986),
        "Europe/Berlin",
        [
            Contact("Jana Richter", "sales", "jana@blickfang.example", "+493023125090"),
            Contact("Accounts", "finance", "accounts@blickfang.example"),
        ],
    ),
]
