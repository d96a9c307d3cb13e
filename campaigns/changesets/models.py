"""Stored change sets."""

import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.rules import is_admin
from campaign_studio.acting import Reader
from campaign_studio.constraints import choose_one_of
from campaign_studio.querysets import StudioQuerySet
from campaigns.changesets.operations import Operation


class State(models.TextChoices):
    """What has become of a change set."""

    PLANNED = "planned", _("planned")
    APPLIED = "applied", _("applied")
    UNDONE = "undone", _("undone")


class ChangeSetQuerySet(StudioQuerySet):
    """Change sets. Administrators see all of them, everyone else those they have planned."""

    def visible_to(self, user: Reader) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self if is_admin(user) else self.filter(created_by=user.pk)


class ChangeSet(models.Model):
    """Operations on several objects, with what the plan said about each, and what is needed to undo them.

    It isn't changed once it is planned, but for its state and what belongs to that.
    """

    change_set_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    operations = models.JSONField(_("operations"), default=list)
    # What the plan says: a row for each operation, and which ads start and stop showing.
    rows = models.JSONField(_("plan"), default=list, encoder=DjangoJSONEncoder)
    starts = models.JSONField(_("ads that start showing"), default=list)
    stops = models.JSONField(_("ads that stop showing"), default=list)
    change_count = models.PositiveIntegerField(_("changes"), default=0)
    unchanged_count = models.PositiveIntegerField(_("unchanged"), default=0)
    refused_count = models.PositiveIntegerField(_("refused"), default=0)
    # The versions that rows had when it was planned, and those they got when it was applied; null if deleted then.
    bases = models.JSONField(default=dict)
    results = models.JSONField(default=dict)
    # Of rows that were there before: the columns that the audit log doesn't record.
    unlogged = models.JSONField(default=dict)
    # The audit entries of its application.
    entry_ids = ArrayField(models.BigIntegerField(), default=list)
    created_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("planned by")
    )
    created_by_name = models.CharField(_("planned by"), max_length=200, null=True)
    created_at = models.DateTimeField(_("planned at"))
    applied_by_name = models.CharField(_("applied by"), max_length=200, null=True)
    applied_at = models.DateTimeField(_("applied at"), null=True)
    undone_by_name = models.CharField(_("undone by"), max_length=200, null=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)

    objects = ChangeSetQuerySet.as_manager()

    class Meta:
        db_table = "change_sets"
        ordering = ["-created_at", "-change_set_id"]
        verbose_name = _("change set")
        verbose_name_plural = _("change sets")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=State.values),
                name="change_set_state_is_known",
                violation_error_message=choose_one_of(State.values),
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-change_set_id"], name="change_sets_newest"),
            models.Index(fields=["created_by", "-created_at", "-change_set_id"], name="change_sets_by_person"),
        ]

    def __str__(self) -> str:
        count = self.change_count
        return ngettext("%(count)d change, %(state)s", "%(count)d changes, %(state)s", count) % {
            "count": count,
            "state": self.get_state_display() or gettext("unknown"),
        }

    def accepted(self) -> list[Operation]:
        """The operations that the plan doesn't refuse."""
        pairs = zip(self.operations, self.rows, strict=True)
        return [Operation.loaded(operation) for operation, row in pairs if row["refusal"] is None]

    def count(self) -> None:
        """Note how many operations have which outcome in the plan."""
        outcomes = [row["outcome"] for row in self.rows]
        self.change_count = outcomes.count("change")
        self.unchanged_count = outcomes.count("unchanged")
        self.refused_count = outcomes.count("refused")
