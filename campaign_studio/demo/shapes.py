"""The data classes and values that the tables of campaigns are made of."""

from dataclasses import dataclass, field
from datetime import time

from ads.time_slots import Slot

MORNING = Slot(time(7), time(9, 30))
COMMUTE = Slot(time(6, 30), time(9, 30), [1, 2, 3, 4, 5])
AFTERNOON = Slot(time(15), time(18))
EVENING = Slot(time(16, 30), time(19))
LUNCH = Slot(time(11, 30), time(14))
LATE = Slot(time(22), time(0))
# On Friday and Saturday, until two in the morning.
NIGHTLIFE = Slot(time(22), time(2), [5, 6])


@dataclass(frozen=True)
class Target:
    """A target. Without cities and postcodes it is the whole country."""

    region: str
    country: str
    cities: list[str] = field(default_factory=list)
    postcodes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Creative:
    """An ad. `media` is the URL or the content, depending on `media_type`; `review` is None while pending."""

    name: str
    position: str
    media_type: str
    media: str
    status: str = "active"
    rating: tuple[str, str] | None = ("MPAA", "G")
    warnings: list[str] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    days: tuple[int, int] | None = None
    review: str | None = "approved"
    note: str = ""
    seconds: int = 10


@dataclass(frozen=True)
class Flight:
    """A campaign. `days` are start, end and expiry in days from today.

    `cap` is the viewing-time cap (value and unit) and the view cap.
    """

    name: str
    customer: str | None
    manager: str
    status: str
    days: tuple[int, int, int | None]
    description: str = ""
    cap: tuple[int | None, str | None, int | None] = (None, None, None)
    targets: list[Target] = field(default_factory=list)
    ads: list[Creative] = field(default_factory=list)


BERLIN = Target("Europe", "DE", ["Berlin", "Potsdam"], ["10115", "10117", "10119", "10178", "14467"])
GERMANY = Target("Europe", "DE", ["Hamburg", "Berlin", "München", "Köln"])
PARIS = Target("Europe", "FR", ["Paris"], ["75001", "75004", "75005", "75006"])
LONDON = Target("Europe", "GB", ["London"], ["SE1 1TU", "SE1 9SG", "EC2R 8AH"])
CALIFORNIA = Target("North America", "US", ["Los Angeles", "Santa Monica", "San Diego"], ["90401", "90012", "92101"])
JAPAN = Target("Asia", "JP", ["Tokyo", "Yokohama", "Hakone"], ["100-0001", "220-0011", "250-0408"])
RIO = Target("South America", "BR", ["Rio de Janeiro"], ["22410-002", "20040-002"])
VIENNA = Target("Europe", "AT", ["Wien"], ["1010", "1070", "1150"])
