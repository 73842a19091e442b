"""Adds a listener's decisions to those of a batch in the store: completes them with the takes that there are now.

The file and its meaning are in ``decisions``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from f5_pipeline.errors import BadDecisions, NotSpokenYet, UtteranceMissing
from f5_pipeline.manifests.batch_files import find_manifest
from f5_pipeline.manifests.decisions import (
    COLUMNS,
    MAX_BYTES,
    ListenerDecision,
    check_size,
    parse_decisions,
    read_decisions,
)
from f5_pipeline.results.index import IndexRow, read_index
from f5_pipeline.results.take_list import chosen_take, takes_of
from f5_pipeline.storage.layout import decisions_object
from f5_pipeline.storage.object_store import ObjectStore

# Spreadsheets run a cell that begins like this as a formula, but not after a space, which a decision ignores.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True)
class DecideReport:
    """What the added decisions ask for, in lines."""

    accepted: int
    respoken: int  # another take
    edited: int  # another text
    noted: int
    withdrawn: int  # an earlier decision
    in_force: int  # lines of the batch with a decision, text or note, with earlier ones


def read_decisions_file(path: Path) -> bytes:
    """The content of a file on this machine, or of a pipe; of one that is too large, enough to refuse it.

    Raises:
        BadDecisions: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}."
        raise BadDecisions(str(path), reason, "Name the file that the listening page exported.") from None


def add_decisions(store: ObjectStore, batch: str, data: bytes, location: str) -> DecideReport:
    """Add decisions to those of a batch. A row replaces the earlier decision on its line; an empty one withdraws it.

    Args:
        data: the file, as the listening page exports it, or a table with ``id`` and ``decision``.
        location: names the file in messages.

    Raises:
        UnsafeName, BatchMissing, BadManifest: there is no such batch.
        NotSpokenYet, UtteranceMissing: the batch, or one of the lines, was not spoken yet.
        BadDecisions: the file cannot be read, names a take that there is not, or is too large with the earlier ones.
    """
    find_manifest(store, batch)
    added = parse_decisions(data, location, complete=False)
    if (rows := read_index(store, batch)) is None:
        raise NotSpokenYet(batch, "results")
    rows_by_id = {row.id: row for row in rows}
    if missing := next((id for id in added if id not in rows_by_id), None):
        raise UtteranceMissing(batch, missing, list(rows_by_id))
    earlier = read_decisions(store, batch)
    completed = {id: _completed(each, rows_by_id[id], earlier.get(id), location) for id, each in added.items()}
    merged = {id: each for id, each in (earlier | completed).items() if not each.is_empty}
    if merged:
        content = decisions_csv(merged.values())
        check_size(len(content), store.location(decisions_object(batch)))
        store.write(decisions_object(batch), content)
    else:
        store.delete(decisions_object(batch))
    return _report(completed, merged, earlier)


def decisions_csv(decisions: Iterable[ListenerDecision]) -> bytes:
    """Decisions as a file that a spreadsheet can open safely."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for decision in decisions:
        writer.writerow([_cell(getattr(decision, name)) for name in COLUMNS])
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    return f" {text}" if _FORMULA.match(text) else text


def _completed(
    decision: ListenerDecision, row: IndexRow, earlier: ListenerDecision | None, location: str
) -> ListenerDecision:
    """The decision with the take and the clip key that it is about, and the text of the manifest."""
    if decision.new_text:
        decision = replace(decision, text=decision.text or row.text)
        if earlier and earlier.new_text and decision.text == earlier.new_text:  # the text was edited before
            decision = replace(decision, text=earlier.text)
    elif earlier and earlier.new_text and decision.decision:
        decision = replace(decision, text=earlier.text, new_text=earlier.new_text)
    if decision.decision == "accept":
        return _accepting(decision, row, location)
    if decision.decision == "respeak" and decision.take is None:
        return replace(decision, take=row.attempts, key=decision.key or row.key)
    return decision


def _accepting(decision: ListenerDecision, row: IndexRow, location: str) -> ListenerDecision:
    keys = {take.take: take.key for take in takes_of(row)}
    chosen = chosen_take(row)
    if decision.take is None and decision.key in keys.values():
        return replace(decision, take=next(take for take, key in keys.items() if key == decision.key))
    if decision.take is None and chosen is not None:
        return replace(decision, take=chosen.take, key=chosen.key)
    if decision.key or decision.take in keys:
        return replace(decision, key=decision.key or keys[decision.take or 0])
    reason = f"cannot accept this take of {row.id!r}, which does not exist: the line has {_listed(keys)}."
    fix = "Accept one of these, or write respeak." if keys else "Write respeak, or leave the cell empty."
    raise BadDecisions(location, reason, fix)


def _listed(takes: Mapping[int, str]) -> str:
    return f"take {', '.join(map(str, takes))}" if takes else "no take"


def _report(
    added: Mapping[str, ListenerDecision],
    merged: Mapping[str, ListenerDecision],
    earlier: Mapping[str, ListenerDecision],
) -> DecideReport:
    return DecideReport(
        accepted=sum(each.decision == "accept" for each in added.values()),
        respoken=sum(each.decision == "respeak" for each in added.values()),
        edited=sum(bool(each.new_text) for each in added.values()),
        noted=sum(bool(each.note) for each in added.values()),
        withdrawn=sum(each.is_empty and id in earlier for id, each in added.items()),
        in_force=len(merged),
    )
