"""Typed values of a manifest row: validated, or rejected with a reason.

``resolve`` decides which value wins where row, batch and voice differ.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from f5_pipeline.manifests.formats.reading import ManifestRow
from f5_pipeline.models.spec import Solver
from f5_pipeline.settings.fields import CfgStrength, Language, NfeStep, Pause, Seed, Speed
from f5_pipeline.settings.validation import explain
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.text.cues import seconds_of

SLUG_RULE = "letters, digits, '.', '_' and '-', no leading dot, at most 128"
_LATEST_TIME = 360_000  # seconds: 100 hours


def _time(value: Any) -> float:
    seconds = seconds_of(str(value))
    if seconds is None:
        raise PydanticCustomError("not_a_time", "must be seconds or a time such as 00:01:02,500")
    return seconds


#: Seconds from the beginning of a time line; written as seconds, or as in subtitles.
Time = Annotated[float, BeforeValidator(_time), Field(ge=0, lt=_LATEST_TIME)]


class RowValues(BaseModel):
    """The columns of a row that have a type and a range."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: Language | None = None
    speed: Speed | None = None
    seed: Seed | None = None
    nfe_step: NfeStep | None = None
    solver: Solver | None = None
    cfg_strength: CfgStrength | None = None
    pause_after_seconds: Pause | None = None
    start: Time | None = None
    end: Time | None = None


_VALUES = tuple(RowValues.model_fields)
_NO_VALUES = RowValues()


class RowRejected(Exception):
    """Why a row cannot be spoken, as a sentence without its full stop."""


def cell(row: ManifestRow, name: str) -> str:
    """A cell without surrounding whitespace; "" if the row has none."""
    return row.cells.get(name, "").strip()


def values_of(row: ManifestRow) -> RowValues:
    """The typed values of a row; empty cells are None.

    Raises:
        RowRejected: a value is malformed or out of range.
    """
    given = {name: value for name in _VALUES if (value := row.cells.get(name)) and (value := value.strip())}
    if not given:
        return _NO_VALUES
    try:
        return RowValues.model_validate(given)
    except ValidationError as error:
        invalid = explain(error, RowValues)
        name, value = invalid.name, str(invalid.value)
        point = (
            " (write a decimal point, not a comma)" if "," in value and name not in ("language", "start", "end") else ""
        )
        raise RowRejected(f"Its {name} {invalid.reason}, but is {value!r}{point}") from None


def section_of(row: ManifestRow) -> str | None:
    """The section of a row; None if the row names none.

    Raises:
        RowRejected: the section is not a slug.
    """
    section = cell(row, "section")
    if section and not is_slug(section):
        raise RowRejected(f"The section {section[:80]!r} is not a safe name ({SLUG_RULE})")
    return section or None
