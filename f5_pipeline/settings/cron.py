"""Cron expressions: five fields, each a number, a range, a step, a list of them, or a name. Computes no times.

Dagster evaluates the schedule with a parser of its own. This check accepts nothing that Dagster refuses, and needs no
Dagster, so that every command can name a wrong setting.
"""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: Each field: its name, its smallest and largest value, and the names of its values in order.
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]+))?")


def check_cron(expression: str) -> str:
    """Return ``expression`` if it is a cron expression with a date that exists.

    Raises:
        ValueError: it is not; the message continues "is not a valid cron expression: ".
    """
    fields = expression.lower().split(" ")
    if len(fields) != len(_FIELDS):
        raise ValueError("it needs five fields: minute hour day month weekday")
    values = [_values(field, *definition) for field, definition in zip(fields, _FIELDS, strict=True)]
    if not any(day <= _DAYS_IN_MONTH[month - 1] for day in values[2] for month in values[3]):
        raise ValueError("no month has that day")
    return expression


def _values(field: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    """The values that a field matches."""
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"its {name} {part!r} is not understood")
        first, last, step = match.groups()
        start = low if first is None else _number(first, low, names)
        end = high if first is None or (step and not last) else _number(last or first, low, names)
        if not (low <= start <= end <= high and 1 <= int(step or 1) <= high):
            raise ValueError(f"its {name} {part!r} is not within {low} and {high}")
        values.update(range(start, end + 1, int(step or 1)))
    return values


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return low + names.index(text)
    return int(text) if text.isdecimal() else -1
