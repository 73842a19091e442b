"""The columns of a row: which have a form and a range of their own, and what is wrong with one that has another.

Whose value wins, where row, batch and voice differ, is decided in ``resolve``.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from f5_pipeline.manifests.rows import Row
from f5_pipeline.settings.fields import CfgStrength, Language, NfeStep, Pause, Seed, Speed
from f5_pipeline.settings.validation import explain
from f5_pipeline.storage.object_store import is_slug

SAFE = "letters, digits, '.', '_' and '-', no leading dot, at most 128"


class RowValues(BaseModel):
    """The columns of a row that have a form and a range of their own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: Language | None = None
    speed: Speed | None = None
    seed: Seed | None = None
    nfe_step: NfeStep | None = None
    cfg_strength: CfgStrength | None = None
    pause_after_seconds: Pause | None = None


_VALUES = tuple(RowValues.model_fields)
_NO_VALUES = RowValues()


class RowRejected(Exception):
    """Why this row cannot be spoken, as the rest of the sentence "row 3 …"."""


def cell(row: Row, name: str) -> str:
    """A cell without the blanks around it; "" if there is none."""
    return row.cells.get(name, "").strip()


def values_of(row: Row) -> RowValues:
    """The values of a row.

    Raises:
        RowRejected: one is of another form, or out of range.
    """
    given = {name: value for name in _VALUES if (value := row.cells.get(name)) and (value := value.strip())}
    if not given:
        return _NO_VALUES
    try:
        return RowValues.model_validate(given)
    except ValidationError as error:
        invalid = explain(error, RowValues)
        name, value = invalid.name, str(invalid.value)
        point = " (write a decimal point, not a comma)" if "," in value and name != "language" else ""
        raise RowRejected(f"Its {name} {invalid.reason}, and is {value!r}{point}") from None


def section_of(row: Row) -> str | None:
    """The section of a row, if it names one.

    Raises:
        RowRejected: it is no safe name.
    """
    section = cell(row, "section")
    if section and not is_slug(section):
        raise RowRejected(f"The section {section[:80]!r} is not a safe name ({SAFE})")
    return section or None
