"""The status machine of campaigns and ads: which state may follow which, and when."""

from datetime import date
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone

from campaign_studio.models.base import StudioModel
from campaigns.choices import Status

TRANSITIONS: dict[str, tuple[Status, ...]] = {
    Status.DRAFT: (Status.ACTIVE, Status.INACTIVE),
    Status.ACTIVE: (Status.PAUSED, Status.INACTIVE, Status.EXPIRED),
    Status.PAUSED: (Status.ACTIVE, Status.INACTIVE, Status.EXPIRED),
    Status.INACTIVE: (Status.DRAFT, Status.ACTIVE, Status.EXPIRED),
    Status.EXPIRED: (Status.DRAFT,),
}
FIRST_STATES = (Status.DRAFT, Status.ACTIVE, Status.PAUSED, Status.INACTIVE)


class LifecycleModel(StudioModel):
    """A row with a status. Subclasses name the status field and say when their run ends."""

    status_field: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def status(self) -> str:
        """The present status, whatever the field is called."""
        return str(getattr(self, self.status_field))

    @property
    def last_day(self) -> date | None:
        """The last day of the run; None while it has no dates."""
        raise NotImplementedError

    @property
    def expiry_day(self) -> date | None:
        """The day up to which it may be revived after its run."""
        raise NotImplementedError

    def allowed_next(self) -> list[str]:
        """The states that may follow the stored one."""
        stored = self.stored(self.status_field)
        return [state.value for state in (FIRST_STATES if stored is None else TRANSITIONS[stored])]

    def move_to(self, status: str) -> None:
        """Change the status and save. Raises ValidationError when the rules refuse it."""
        setattr(self, self.status_field, status)
        self.full_clean()
        self.save()

    def status_by_calendar(self, *, on: date) -> str | None:
        """What the calendar makes of a row on a day: `inactive` or `expired` once its run is over, else None."""
        if self.status in (Status.DRAFT, Status.EXPIRED) or self.last_day is None or self.last_day >= on:
            return None
        due = Status.INACTIVE if self.expiry_day and self.expiry_day >= on else Status.EXPIRED
        return None if due == self.status else due.value

    def clean(self) -> None:
        """Refuse a status that may not follow the stored one, naming those that may."""
        super().clean()
        is_new = self._state.adding
        if self.status not in Status.values or not (is_new or self.has_changed(self.status_field)):
            return
        allowed = self.allowed_next()
        if self.status not in allowed:
            start = "A new one may start as" if is_new else f"From {self.stored(self.status_field)} it may go to"
            self._refuse(f"{start} {', '.join(allowed)}; not {self.status}.")
        today = timezone.localdate()
        if self.status == Status.ACTIVE:
            self.check_may_go_active(on=today)
        if self.stored(self.status_field) == Status.EXPIRED and self.last_day and self.last_day < today:
            self._refuse("An expired one returns to draft once its dates lie ahead: move the end date first.")

    def check_may_go_active(self, *, on: date) -> None:
        """Raise ValidationError unless it may run on that day."""
        if self.last_day and self.last_day < on:
            self._refuse(f"It can't go active: its last day, {self.last_day}, is past. Move the end date first.")

    def _refuse(self, message: str) -> None:
        raise ValidationError({self.status_field: ValidationError(message, code="status")})
