"""Rows that several users may edit at once, and the parts that are edited with them."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _

from campaign_studio.database.rows import create_rows, delete_rows
from campaign_studio.models.base import StudioModel
from campaign_studio.querysets import StudioQuerySet
from campaign_studio.writing import current_write

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class StaleError(ValidationError):
    """An edit conflict: the row has been changed or deleted since it was read."""

    def __init__(self, row: models.Model) -> None:
        message = _("“%(row)s” has been changed or deleted by someone else in the meantime. Reload it and try again.")
        super().__init__(message, code="stale", params={"row": str(row)})


class VersionedModel(StudioModel):
    """A row that several users may edit at once. A save that would overwrite someone else's change raises StaleError.

    The version counts the changes of the row and of its parts.
    """

    version = models.PositiveIntegerField(_("version"), default=1, db_default=1, editable=False)
    _created_in: object = None

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Write what has changed since the row was read, all of a new row.

        Raises StaleError if the stored row has another version than the one that was read.
        """
        if self._state.adding:
            super().save(**kwargs)
            self._created_in = current_write()
            return
        kwargs["update_fields"] = {*(kwargs.get("update_fields") or self._changed()), "version"}
        self.version += 1
        try:
            super().save(**kwargs)
        except BaseException:
            self.version -= 1
            raise

    def _changed(self) -> Iterator[str]:
        """The columns that `save()` has to write. Counters that others write meanwhile aren't among them."""
        for field in self._meta.concrete_fields:
            name = field.attname
            is_loaded = name in self.__dict__ and not field.primary_key
            if is_loaded and (getattr(field, "auto_now", False) or self._stored.get(name, self) != self.__dict__[name]):
                yield field.name

    @property
    def was_just_created(self) -> bool:
        """Whether it was created in the current write. No one else can see it yet, and it has no parts but new ones."""
        return self._created_in is not None and self._created_in is current_write()

    def _replaced(self) -> dict[str, Any]:
        return {"version": self.version - 1}

    def _do_update(self, *args: Any, **kwargs: Any) -> Any:
        if not super()._do_update(*args, **kwargs):
            raise StaleError(self)
        return True

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete with all parts. A part that is being added at the same time waits for the lock and is refused."""
        with transaction.atomic():
            cast("StudioQuerySet", type(self)._default_manager.all()).for_change(self.pk).first()
            return super().delete(using=using, keep_parents=keep_parents)

    def touch(self) -> None:
        """Count a change of a part, and lock the row until the transaction ends, so that parts change one at a time.

        What is created together with its parts is the first version. Raises StaleError if the row is gone.
        """
        if self.was_just_created:
            return
        if not type(self)._base_manager.filter(pk=self.pk).update(version=F("version") + 1):
            raise StaleError(self)
        self.version += 1


class PartModel(StudioModel):
    """A row that belongs to another one, is edited with it and deleted with it.

    `whole_field` names the foreign key to the whole, a VersionedModel, which is locked before its parts.
    """

    whole_field: ClassVar[str]
    # A boolean that at most one part of a whole may have, and the message if a request sets it on two.
    flag_field: ClassVar[str] = ""
    only_one_message: ClassVar["str | StrPromise"] = ""

    class Meta:
        abstract = True

    @classmethod
    def as_stored(cls, values: dict[str, Any]) -> list[dict[str, Any]]:
        """The values of the rows that store one part as people write it: one row, unless the model says otherwise."""
        return [values]

    def get_additional_data(self) -> dict[str, str]:
        """What the audit log adds to each entry: the whole that the part belongs to."""
        return {"parent_id": str(getattr(self, f"{self.whole_field}_id"))}

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As in StudioModel, except for a flag that another part has: saving moves it to this part."""
        super().validate_constraints({*(exclude or ()), self.flag_field} if self.flag_field else exclude)

    def save(self, **kwargs: Any) -> None:
        """Save, and count it as a change of the whole. A flag that only one part may have moves to this one."""
        whole = getattr(self, self.whole_field)
        takes_flag = bool(self.flag_field and getattr(self, self.flag_field))
        # A single statement needs no transaction of its own, which would be a savepoint.
        with nullcontext() if whole.was_just_created and not takes_flag else transaction.atomic():
            whole.touch()
            if takes_flag:
                self.take_flag()
            super().save(**kwargs)

    @classmethod
    def create_together(cls, parts: Sequence[Self]) -> None:
        """Create parts of one whole by one statement, with the signals of `save()`. None of them takes a flag.

        The caller has locked the whole by `touch()`. Raises IntegrityError for what the database refuses.
        """
        create_rows(parts)
        for part in parts:
            part._remember()
            post_save.send(cls, instance=part, created=True, update_fields=None, raw=False, using=part._state.db)

    @classmethod
    def delete_together(cls, parts: Sequence[Self]) -> None:
        """Delete parts of one whole by one statement, with the signal of `delete()`.

        The caller has locked the whole by `touch()`.
        """
        delete_rows(parts)
        for part in parts:
            post_delete.send(cls, instance=part, using=part._state.db, origin=part)

    def take_flag(self) -> None:
        """Remove the flag from the part that has it. The caller holds the whole's lock and saves this part next.

        A part that had the flag when it was read, and has lost it since, doesn't get it back.
        """
        whole = getattr(self, self.whole_field)
        flagged = type(self)._base_manager.filter(**{self.whole_field: whole, self.flag_field: True})
        for other in flagged.exclude(pk=self.pk):
            if not self._state.adding and self.stored(self.flag_field):
                setattr(self, self.flag_field, False)
                return
            setattr(other, self.whole_field, whole)
            setattr(other, self.flag_field, False)
            other.save()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            getattr(self, self.whole_field).touch()
            return super().delete(using, keep_parents)
