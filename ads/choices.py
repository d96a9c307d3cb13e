"""What an ad, its slots and its ratings can be: positions, media types, verdicts and ratings."""

from django.db import models


class AdType(models.TextChoices):
    """The six positions on the screen."""

    TOP_BAR = "top_bar_ad", "Top bar"
    BOTTOM_LEFT = "bottom_left_ad", "Bottom left"
    BOTTOM_RIGHT = "bottom_right_ad", "Bottom right"
    BOTTOM_CENTER = "bottom_center_ad", "Bottom centre"
    CENTER_RIGHT = "center_right_content_ad", "Centre right content"
    CENTER_LEFT = "center_left_content_ad", "Centre left content"


class MediaType(models.TextChoices):
    """What a creative is made of; `media.py` says which position takes which."""

    TEXT = "text", "Text"
    IMAGE = "image", "Image"
    GIF = "gif", "Animated image"
    VIDEO = "video", "Video"
    HTML = "html", "HTML"
    NEWS_RSS = "news_rss", "News feed (RSS)"
    EVENTS = "events", "Events"
    BREAKING_NEWS = "breaking_news", "Breaking news"
    ALERTS = "alerts", "Alerts"


class AdDurationUnit(models.TextChoices):
    """The unit of an ad's durations."""

    SECONDS = "seconds", "Seconds"
    MINUTES = "minutes", "Minutes"
    HOURS = "hours", "Hours"


class ModerationStatus(models.TextChoices):
    """What a moderator made of it."""

    PENDING = "pending", "Waiting for review"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class RatingSystem(models.TextChoices):
    """The body whose age ratings an ad is labelled with."""

    MPAA = "MPAA", "MPAA (films)"
    ESRB = "ESRB", "ESRB (games)"


RATING_LABELS: dict[str, tuple[str, ...]] = {
    RatingSystem.MPAA: ("G", "PG", "PG-13", "R", "NC-17"),
    RatingSystem.ESRB: ("E", "E10+", "T", "M", "AO"),
}
# Labels at the same place are equivalents: PG-13 for films is what T is for games.
RATING_LEVELS: dict[str, int] = {
    label: level for labels in RATING_LABELS.values() for level, label in enumerate(labels)
}
RATING_LABEL_CHOICES = [(system.value, [(label, label) for label in RATING_LABELS[system]]) for system in RatingSystem]

CONTENT_WARNINGS: dict[str, tuple[str, ...]] = {
    "Violence": ("Cartoon Violence", "Fantasy Violence", "Intense Violence", "Graphic Violence"),
    "Language": ("Mild Language", "Strong Language", "Strong Profanity"),
    "Substances": ("Use of Tobacco", "Drug Reference", "Alcohol Consumption", "Alcohol Reference"),
    "Sensitivity": ("Self-harm", "Abuse", "Photosensitive Seizure Warning", "Gambling Content"),
}
CONTENT_WARNING_CHOICES = [(group, [(name, name) for name in names]) for group, names in CONTENT_WARNINGS.items()]
ALL_CONTENT_WARNINGS = [name for names in CONTENT_WARNINGS.values() for name in names]

# Among the quarter hours of a day, 0 to 95: every one of them.
ALL_DAY = -1
