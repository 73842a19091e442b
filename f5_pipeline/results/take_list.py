"""The takes of a line as its index row lists them, in the column ``takes``: their numbers, clips and verdicts, as JSON.

A line with a single take of number 1 has no list. ``synthesis.takes`` makes the list, the listening page compares the
takes, and ``manifests.decide`` looks up the take that a listener means.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from f5_pipeline.results.index import IndexRow, Status

TAKES = "takes"  # a quality column
DECISION = "decision"  # a quality column: what a listener decided, "accept" or "respeak"


@dataclass(frozen=True)
class ListedTake:
    """One take of a line."""

    take: Annotated[int, Field(ge=1)]  # its number: the attempt
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # its clip key
    status: Status
    reason: str = ""


_SCHEMA = TypeAdapter(list[ListedTake])


def list_takes(takes: Sequence[ListedTake]) -> str:
    """The value of the column."""
    return json.dumps([asdict(take) for take in takes], ensure_ascii=False, separators=(",", ":"))


def takes_of(row: IndexRow) -> tuple[ListedTake, ...]:
    """The takes of a row that have a clip, by number. A list that is damaged counts as none."""
    try:
        listed = _SCHEMA.validate_json(str(row.quality[TAKES]))
    except (KeyError, ValidationError):
        listed = []
    if listed:
        return tuple(sorted(listed, key=lambda take: take.take))
    return (ListedTake(max(1, row.attempts), row.key, row.status, row.reason),) if row.key else ()


def chosen_take(row: IndexRow) -> ListedTake | None:
    """The take that is delivered; None if the line has no clip."""
    return next((take for take in takes_of(row) if take.key == row.key), None)
