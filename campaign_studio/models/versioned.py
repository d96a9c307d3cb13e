"""Rows that several people may edit at once, and the parts that are edited with them."""

from collections.abc import Collection
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F

from campaign_studio.models.base import StudioModel
from campaign_studio.querysets import StudioQuerySet

CHANGED_MEANWHILE = "“{}” was changed or deleted by somebody else meanwhile. Reload it, look at it, and try again."


class StaleError(ValidationError):
    """The row that was to be written is no longer the one that was read."""

    def __init__(self, row: models.Model) -> None:
        super().__init__(CHANGED_MEANWHILE.format(row), code="stale")


class VersionedModel(StudioModel):
    """A row that several people may edit at once: a write that would undo somebody else's is refused, never silent.

    The version counts the changes of the row and of its parts.
    """

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Write what was read and changed. Raises StaleError when the stored row has another version by now."""
        if self._state.adding:
            super().save(**kwargs)
            return
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
        self.version += 1
        try:
            super().save(**kwargs)
        except BaseException:
            self.version -= 1
            raise

    def _do_update(self, base_qs: Any, *args: Any, **kwargs: Any) -> Any:
        """What `save()` asks of the database: compare, and swap.

        Django has no public way to add to the WHERE of a save; a second UPDATE would fire every trigger twice.
        """
        if not super()._do_update(base_qs.filter(version=self.version - 1), *args, **kwargs):
            raise StaleError(self)
        return True

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete with all parts. One that is added at the same time waits for the lock, and is refused."""
        with transaction.atomic():
            cast("StudioQuerySet", type(self)._default_manager.all()).for_change(self.pk).first()
            return super().delete(using=using, keep_parents=keep_parents)

    def touch(self) -> None:
        """Count a change of a part. Holds the row's lock until the transaction ends, so that parts change one by one.

        Raises StaleError when the row is gone.
        """
        if not type(self)._base_manager.filter(pk=self.pk).update(version=F("version") + 1):
            raise StaleError(self)
        self.version += 1


class PartModel(StudioModel):
    """A row that belongs to another one, is edited with it and vanishes with it.

    `whole_field` names the foreign key to the whole, a VersionedModel: it is locked before its parts are.
    """

    whole_field: ClassVar[str]
    # A boolean that at most one part of a whole has, and what is said when two are to have it at once.
    mark_field: ClassVar[str] = ""
    only_one_message: ClassVar[str] = ""

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, str]:
        """For the audit log: the object this is a part of."""
        return {"parent_id": str(getattr(self, f"{self.whole_field}_id"))}

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError as ever, but not for a mark that another part has: saving takes it over."""
        super().validate_constraints({*(exclude or ()), self.mark_field} if self.mark_field else exclude)

    def save(self, **kwargs: Any) -> None:
        """Write; the whole counts as changed. A mark that only one part may have is taken from the one that has it."""
        with transaction.atomic():
            getattr(self, self.whole_field).touch()
            if self.mark_field and getattr(self, self.mark_field):
                self.take_mark()
            super().save(**kwargs)

    def take_mark(self) -> None:
        """Take the mark off the part that has it. The caller holds the whole's lock and writes this part next.

        A part that had the mark before, and lost it to another one since it was read, does not take it back.
        """
        whole = getattr(self, self.whole_field)
        marked = type(self)._base_manager.filter(**{self.whole_field: whole, self.mark_field: True})
        for other in marked.exclude(pk=self.pk):
            if not self._state.adding and self.stored(self.mark_field):
                setattr(self, self.mark_field, False)
                return
            setattr(other, self.whole_field, whole)
            setattr(other, self.mark_field, False)
            other.save()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete; the whole counts as changed."""
        with transaction.atomic():
            getattr(self, self.whole_field).touch()
            return super().delete(using, keep_parents)
