"""The values that fields of ads, time slots and content ratings can have, with their labels."""

from django.db import models
from django.utils.dates import WEEKDAYS as NAMES_OF_DAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AdType(models.TextChoices):
    """The six positions on the screen."""

    TOP_BAR = "top_bar_ad", _("Top bar")
    BOTTOM_LEFT = "bottom_left_ad", _("Bottom left")
    BOTTOM_RIGHT = "bottom_right_ad", _("Bottom right")
    BOTTOM_CENTER = "bottom_center_ad", _("Bottom centre")
    CENTER_RIGHT = "center_right_content_ad", _("Centre right content")
    CENTER_LEFT = "center_left_content_ad", _("Centre left content")


class MediaType(models.TextChoices):
    """What an ad shows. `media.py` says which position accepts which type."""

    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    GIF = "gif", _("Animated image")
    VIDEO = "video", _("Video")
    HTML = "html", _("HTML")
    NEWS_RSS = "news_rss", _("News feed (RSS)")
    EVENTS = "events", _("Events")
    BREAKING_NEWS = "breaking_news", _("Breaking news")
    ALERTS = "alerts", _("Alerts")


class AdDurationUnit(models.TextChoices):
    """The units of an ad's impression and in-view durations."""

    SECONDS = "seconds", _("Seconds")
    MINUTES = "minutes", _("Minutes")
    HOURS = "hours", _("Hours")


class ModerationStatus(models.TextChoices):
    """The outcome of an ad's review."""

    PENDING = "pending", _("Pending review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class RatingSystem(models.TextChoices):
    """The organisation whose age ratings an ad uses."""

    MPAA = "MPAA", _("MPAA (films)")
    ESRB = "ESRB", _("ESRB (games)")


RATING_LABELS: dict[str, tuple[str, ...]] = {
    RatingSystem.MPAA: ("G", "PG", "PG-13", "R", "NC-17"),
    RatingSystem.ESRB: ("E", "E10+", "T", "M", "AO"),
}
# Labels at the same index are equivalent: PG-13 for films is what T is for games.
RATING_LEVELS: dict[str, int] = {
    label: level for labels in RATING_LABELS.values() for level, label in enumerate(labels)
}
RATING_LABEL_CHOICES = [(system.value, [(label, label) for label in RATING_LABELS[system]]) for system in RatingSystem]

CONTENT_WARNINGS: dict[str, tuple[str, ...]] = {
    gettext_noop("Violence"): (
        gettext_noop("Cartoon Violence"),
        gettext_noop("Fantasy Violence"),
        gettext_noop("Intense Violence"),
        gettext_noop("Graphic Violence"),
    ),
    gettext_noop("Language"): (
        gettext_noop("Mild Language"),
        gettext_noop("Strong Language"),
        gettext_noop("Strong Profanity"),
    ),
    gettext_noop("Substances"): (
        gettext_noop("Use of Tobacco"),
        gettext_noop("Drug Reference"),
        gettext_noop("Alcohol Consumption"),
        gettext_noop("Alcohol Reference"),
    ),
    gettext_noop("Sensitivity"): (
        gettext_noop("Self-harm"),
        gettext_noop("Abuse"),
        gettext_noop("Photosensitive Seizure Warning"),
        gettext_noop("Gambling Content"),
    ),
}
CONTENT_WARNING_CHOICES = [(_(group), [(name, _(name)) for name in names]) for group, names in CONTENT_WARNINGS.items()]
ALL_CONTENT_WARNINGS = [name for names in CONTENT_WARNINGS.values() for name in names]

# The days of the week by their numbers in ISO 8601: Monday is 1.
WEEKDAYS = {number + 1: name for number, name in NAMES_OF_DAYS.items()}
WEEKDAY_CHOICES = list(WEEKDAYS.items())
EVERY_DAY = list(WEEKDAYS)


def every_day() -> list[int]:
    """The weekdays of a time slot that names none: all of them."""
    return list(EVERY_DAY)
