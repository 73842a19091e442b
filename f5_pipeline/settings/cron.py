"""Times in the form of cron: five fields, each a number, a range, a step, a list of them, or a name. Computes no time.

Dagster has a parser of its own, which this must not be more generous than; a setting is judged without Dagster.
"""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: Of each field: what it is called, its smallest and largest value, and names that stand for values from there on.
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]+))?")


def check_cron(text: str) -> str:
    """``text``, if it is a time that comes.

    Raises:
        ValueError: it is none; says what is wrong, to be read on from "is no time in cron's form: ".
    """
    fields = text.lower().split(" ")
    if len(fields) != len(_FIELDS):
        raise ValueError("it needs five fields: minute hour day month weekday")
    values = [_values(field, *about) for field, about in zip(fields, _FIELDS, strict=True)]
    if not any(day <= _LENGTHS[month - 1] for day in values[2] for month in values[3]):
        raise ValueError("no month has that day")
    return text


def _values(field: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    """What a field stands for."""
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"its {name} {part!r} is not understood")
        first, last, step = match.groups()
        begin = low if first is None else _number(first, low, names)
        end = high if first is None or (step and not last) else _number(last or first, low, names)
        if not (low <= begin <= end <= high and 1 <= int(step or 1) <= high):
            raise ValueError(f"its {name} {part!r} is not within {low} and {high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return low + names.index(text)
    return int(text) if text.isdecimal() else -1
