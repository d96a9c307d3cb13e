"""The life cycle that campaigns and ads share: which status may follow which, and when."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, ClassVar, NoReturn

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Expression, Value, When
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_studio.acting import Reader
from campaign_studio.models.base import StudioModel
from campaign_studio.places.clock import still_today
from campaigns.choices import Status

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TRANSITIONS: dict[str, tuple[Status, ...]] = {
    Status.DRAFT: (Status.ACTIVE, Status.INACTIVE),
    Status.ACTIVE: (Status.PAUSED, Status.INACTIVE, Status.EXPIRED),
    Status.PAUSED: (Status.ACTIVE, Status.INACTIVE, Status.EXPIRED),
    Status.INACTIVE: (Status.DRAFT, Status.ACTIVE, Status.EXPIRED),
    Status.EXPIRED: (Status.DRAFT,),
}
INITIAL_STATUSES = (Status.DRAFT, Status.ACTIVE, Status.PAUSED, Status.INACTIVE)

# One whole sentence per model, by its name: “campaign” and “ad” may be inflected differently in other languages.
Sentences = Mapping[str, "StrPromise"]
INITIAL_STATUS: Sentences = {
    "campaign": _("A new campaign can't have the status “%(status)s”. Choose %(allowed)s."),
    "ad": _("A new ad can't have the status “%(status)s”. Choose %(allowed)s."),
}
TRANSITION: Sentences = {
    "campaign": _("This campaign can't change from “%(current)s” to “%(status)s”. Choose %(allowed)s."),
    "ad": _("This ad can't change from “%(current)s” to “%(status)s”. Choose %(allowed)s."),
}
ENDED: Sentences = {
    "campaign": _("This campaign can't be activated: it ended on %(date)s. Change the end date first."),
    "ad": _("This ad can't be activated: it ended on %(date)s. Change the end date first."),
}
STILL_ENDED: Sentences = {
    "campaign": _("This campaign can't return to draft: it ended on %(date)s. Change the end date first."),
    "ad": _("This ad can't return to draft: it ended on %(date)s. Change the end date first."),
}


class LifecycleModel(StudioModel):
    """A campaign or an ad. Subclasses name the status field and implement `last_day` and `expiry_day`."""

    status_field: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def status(self) -> str:
        """The value of the status field."""
        return str(getattr(self, self.status_field))

    @property
    def last_day(self) -> date | None:
        """The last day on which it may show, or None if it has no dates yet."""
        raise NotImplementedError

    @property
    def expiry_day(self) -> date | None:
        """The last day on which it is inactive after it has ended, or None if it expires at once."""
        raise NotImplementedError

    def allowed_next(self) -> list[str]:
        """The statuses that may follow the stored one, or that a new row may have."""
        stored = self.stored(self.status_field)
        return [status.value for status in (INITIAL_STATUSES if stored is None else TRANSITIONS[stored])]

    @classmethod
    def expressions(cls, reader: Reader) -> dict[str, Expression]:
        """With `allowed_next` of a stored row."""
        statuses = ArrayField(models.CharField())
        cases = [
            When(**{cls.status_field: str(status)}, then=Value([one.value for one in allowed], statuses))
            for status, allowed in TRANSITIONS.items()
        ]
        return {**super().expressions(reader), "allowed_next": Case(*cases, output_field=statuses)}

    def move_to(self, status: str) -> None:
        """Change the status and save. Raises ValidationError if the rules forbid it."""
        setattr(self, self.status_field, status)
        self.full_clean()
        self.save()

    def activate(self) -> None:
        """Change the status to active and save, by way of draft if it has expired. What is active stays as it is.

        Raises ValidationError, before anything is written, if it has ended.
        """
        if self.status == Status.ACTIVE:
            return
        self.check_activation(on=still_today())
        if self.status == Status.EXPIRED:
            self.move_to(Status.DRAFT)
        self.move_to(Status.ACTIVE)

    def can_be_activated(self, *, on: date) -> bool:
        """Whether `activate()` wouldn't be refused on that day for what it is, whatever else its rules say."""
        if self.status == Status.ACTIVE:
            return True
        try:
            self.check_activation(on=on)
        except ValidationError:
            return False
        return True

    def status_by_calendar(self, *, on: date) -> str | None:
        """The status that it must change to on that day: `inactive` or `expired` if it has ended, else None."""
        if self.status in (Status.DRAFT, Status.EXPIRED) or self.last_day is None or self.last_day >= on:
            return None
        due = Status.INACTIVE if self.expiry_day and self.expiry_day >= on else Status.EXPIRED
        return None if due == self.status else due.value

    def clean(self) -> None:
        """Refuse a status that may not follow the stored one."""
        super().clean()
        is_new = self._state.adding
        if self.status not in Status.values or not (is_new or self.has_changed(self.status_field)):
            return
        allowed = self.allowed_next()
        if self.status not in allowed:
            self._refuse_status(is_new=is_new, allowed=allowed)
        today = still_today()
        if self.status == Status.ACTIVE:
            self.check_activation(on=today)
        if self.stored(self.status_field) == Status.EXPIRED and self.last_day and self.last_day < today:
            self._refuse(STILL_ENDED[self._kind], code="still_ended", date=date_format(self.last_day))

    def check_activation(self, *, on: date) -> None:
        """Raise ValidationError if it ended before that day."""
        if self.last_day and self.last_day < on:
            self._refuse(ENDED[self._kind], code="ended", date=date_format(self.last_day))

    @property
    def _kind(self) -> str:
        return str(self._meta.model_name)

    def _refuse_status(self, *, is_new: bool, allowed: list[str]) -> None:
        params = {
            "status": Status(self.status).label,
            "allowed": get_text_list([Status(one).label for one in allowed], gettext("or")),
        }
        if is_new:
            self._refuse(INITIAL_STATUS[self._kind], code="initial_status", **params)
        current = Status(self.stored(self.status_field)).label
        self._refuse(TRANSITION[self._kind], code="transition", current=current, **params)

    def _refuse(self, message: "str | StrPromise", *, code: str = "status", **params: object) -> NoReturn:
        raise ValidationError({self.status_field: ValidationError(message, code=code, params=params)})
