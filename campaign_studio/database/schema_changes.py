"""Which changes of the models need a migration: all but those of their words.

A label, a help text or a message can change, or be translated, without one. Django compares them as well and has no
option to leave them out.
"""

from typing import Any

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import BaseConstraint, Field

WORDS_OF_A_MODEL = {"verbose_name", "verbose_name_plural"}
# Validators have messages, and the database doesn't know them.
WORDS_OF_A_FIELD = {"verbose_name", "help_text", "error_messages", "validators"}
WORDS_OF_A_CONSTRAINT = {"violation_error_message"}


class SchemaAutodetector(MigrationAutodetector):
    """Compares two states without their words. Migrations are written without them too."""

    def __init__(
        self, from_state: ProjectState, to_state: ProjectState, questioner: MigrationQuestioner | None = None
    ) -> None:
        super().__init__(without_words(from_state), without_words(to_state), questioner)


def without_words(state: ProjectState) -> ProjectState:
    """A copy of the state of all models, without what people read."""
    copy = state.clone()
    copy.models = {key: _wordless_model(model) for key, model in state.models.items()}
    return copy


def _wordless_model(model: ModelState) -> ModelState:
    copy = model.clone()
    copy.fields = {name: _wordless_field(field) for name, field in model.fields.items()}
    copy.options = {name: value for name, value in model.options.items() if name not in WORDS_OF_A_MODEL}
    if "constraints" in copy.options:
        copy.options["constraints"] = [_wordless_constraint(one) for one in copy.options["constraints"]]
    return copy


def _wordless_field(field: "Field[Any, Any]") -> "Field[Any, Any]":
    _, _, args, kwargs = field.deconstruct()
    kwargs = {name: value for name, value in kwargs.items() if name not in WORDS_OF_A_FIELD}
    if isinstance(kwargs.get("choices"), list):
        kwargs["choices"] = [(value, value) for value, _ in field.flatchoices]
    return type(field)(*args, **kwargs)


def _wordless_constraint(constraint: BaseConstraint) -> BaseConstraint:
    _, args, kwargs = constraint.deconstruct()
    kwargs = {name: value for name, value in kwargs.items() if name not in WORDS_OF_A_CONSTRAINT}
    return type(constraint)(*args, **kwargs)
