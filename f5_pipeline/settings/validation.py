"""Pydantic's validation errors in the user's words: the setting, the reason, the value and the known names.

Every ``ValidationError`` about something a user wrote is explained here: environment variables, settings files, the
model catalogue, manifest rows. The allowed values themselves are defined by the models and in ``settings.fields``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.fields import PATTERN_REASONS

_MAX_SHOWN = 80  # characters of a name or value
_MAX_NAMED = 10  # settings in a message
_HINTS = {("format", "m4b"): " For an audiobook with chapters, set audiobook = true."}
_REASONS = {
    "missing": "is missing",
    "extra_forbidden": "is not a setting",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


@dataclass(frozen=True)
class InvalidValue:
    """An error of a validation."""

    name: str  # "speed", or "quality.max_end_db" in a table; "": the values contradict each other
    reason: str  # continues a sentence that begins with the name: "must be at most 128"
    value: str | None  # as the user wrote it, shortened; None: missing, unknown, or not a single value
    known: Sequence[str] = ()  # the names that exist, if this one does not

    @property
    def sentence(self) -> str:
        """The reason and the value: "must be at most 128 (it is '500').", with a hint where there is one."""
        if self.known:
            return f"{self.reason}.{did_you_mean(self.name.rpartition('.')[2], self.known)}"
        shown = "" if self.value is None else f" (it is {self.value!r})"
        return f"{self.reason}{shown}.{_HINTS.get((self.name, self.value or ''), '')}"


def explain(error: ValidationError, model: type[BaseModel]) -> InvalidValue:
    """The first error of a validation against ``model``."""
    return _explain(error.errors()[0], model)


def _explain(error: Any, model: type[BaseModel]) -> InvalidValue:
    name, known = _locate(model, error["loc"])
    value = error["input"]
    # A value error is about several keys, and its input is not what the user has to correct.
    single = isinstance(value, (str, int, float)) and error["type"] not in ("extra_forbidden", "value_error")
    return InvalidValue(
        name,
        _reason(error),
        _shown(value) if single else None,
        known if error["type"] == "extra_forbidden" else (),
    )


def bad_setting(
    error: ValidationError, model: type[BaseModel], where: str, setting: Callable[[str], str] = str
) -> BadSetting:
    """The ``BadSetting`` for a validation error. It names every setting that is wrong, up to ten of them.

    Args:
        error: what pydantic raised.
        model: the model that was validated against.
        where: the file that has the setting, or "Environment".
        setting: turns the name of a field into the name that the user wrote.
    """
    by_name: dict[str, InvalidValue] = {}  # the members of a union have an error each: the first is enough
    for each in error.errors():
        invalid = _explain(each, model)
        by_name.setdefault(invalid.name, invalid)
    first, *others = list(by_name.values())[:_MAX_NAMED]
    too = (f"Setting {setting(other.name)!r}: {other.sentence}" for other in others)
    known = next((invalid.known for invalid in (first, *others) if invalid.known), ())
    return BadSetting(where, setting(first.name), " ".join([first.sentence, *too]), known)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """ " Did you mean 'x'?" if a known word is close, else ""."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f" Did you mean {close[0]!r}?" if close else ""


def _shown(value: str | float) -> str:
    try:
        return str(value)[:_MAX_SHOWN]
    except ValueError:  # Python writes no whole numbers of thousands of digits
        return "a number of thousands of digits"


def _locate(model: type[BaseModel], location: Sequence[int | str]) -> tuple[str, list[str]]:
    """The dotted name of the setting at a pydantic location, and the names that its table has.

    What follows a field that is not a table is left out: pydantic's own names for the members of a union.
    """
    names: list[str] = []
    table: type[BaseModel] | None = model
    known: list[str] = []
    for part in location:
        if table is None:
            break
        known, field = list(table.model_fields), table.model_fields.get(str(part))
        names.append(str(part)[:_MAX_SHOWN])
        table = _table(field.annotation) if field else None
    return ".".join(names), known


def _table(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as ``Annotated[Model, …] | None``."""
    if get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table, get_args(annotation))), None)


def _reason(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind.startswith("int_"):
        return "must be a whole number"
    if kind.startswith(("float_", "finite_number")):
        return "must be a number"
    if kind in ("model_type", "dict_type"):
        return f"must be a table: [{error['loc'][0]}]" if error["loc"] else "must be a table"
    if kind == "string_pattern_mismatch" and (reason := PATTERN_REASONS.get(context["pattern"])):
        return reason
    if kind in _REASONS:
        return _REASONS[kind].format_map({name: _plain(value) for name, value in context.items()})
    reason = re.sub(r"^\w+ should ", "must ", error["msg"].removeprefix("Value error, "))
    return reason[:1].lower() + reason[1:]


def _plain(bound: Any) -> str:
    """A bound without a decimal point that says nothing: 3.0 as "3"."""
    return str(int(bound)) if isinstance(bound, float) and bound.is_integer() else str(bound)
