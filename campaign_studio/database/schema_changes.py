"""Detects changes to the models that need a migration, and ignores changes to their texts.

A label, a help text or a message can change, or be translated, without a migration. Django compares them too and has no
option to ignore them.
"""

from typing import Any

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import BaseConstraint, Field

MODEL_TEXTS = {"verbose_name", "verbose_name_plural"}
# Validators are left out too: they contain messages, and the database doesn't know them.
FIELD_TEXTS = {"verbose_name", "help_text", "error_messages", "validators"}
CONSTRAINT_TEXTS = {"violation_error_message"}


class SchemaAutodetector(MigrationAutodetector):
    """Compares two states without their texts, so migrations contain no texts either."""

    def __init__(
        self, from_state: ProjectState, to_state: ProjectState, questioner: MigrationQuestioner | None = None
    ) -> None:
        super().__init__(without_texts(from_state), without_texts(to_state), questioner)


def without_texts(state: ProjectState) -> ProjectState:
    """A copy of the state of all models without labels, help texts and messages."""
    return ProjectState({key: _textless_model(model) for key, model in state.models.items()}, state.real_apps)


def _textless_model(model: ModelState) -> ModelState:
    copy = model.clone()
    copy.fields = {name: _textless_field(field) for name, field in model.fields.items()}
    copy.options = {name: value for name, value in model.options.items() if name not in MODEL_TEXTS}
    if "constraints" in copy.options:
        copy.options["constraints"] = [_textless_constraint(one) for one in copy.options["constraints"]]
    return copy


def _textless_field(field: "Field[Any, Any]") -> "Field[Any, Any]":
    _, _, args, kwargs = field.deconstruct()
    kwargs = {name: value for name, value in kwargs.items() if name not in FIELD_TEXTS}
    if isinstance(kwargs.get("choices"), list):
        kwargs["choices"] = [(value, value) for value, _ in field.flatchoices]
    return type(field)(*args, **kwargs)


def _textless_constraint(constraint: BaseConstraint) -> BaseConstraint:
    _, args, kwargs = constraint.deconstruct()
    kwargs = {name: value for name, value in kwargs.items() if name not in CONSTRAINT_TEXTS}
    return type(constraint)(*args, **kwargs)
