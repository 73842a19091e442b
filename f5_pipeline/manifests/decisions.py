"""A listener's decisions on the lines of a batch: ``manifests/BATCH.decisions.csv``, which the listening page exports.

    id,decision,take,key,text,new_text,note
    intro-01,accept,2,4be1…,,,
    intro-02,respeak,1,90cd…,,,"the name is wrong"
    intro-03,,,,It rained.,It poured.,

``accept`` keeps a take, whatever the measures say. ``respeak`` leaves the takes up to ``take`` behind and asks for
others. With ``key``, the clip key of the take that was heard, either lapses when the line would sound different anyway:
another text, voice or setting. A new text replaces the manifest's as long as that is ``text``.

``batch_files`` finds the file, ``decide`` adds to it, ``resolve`` applies it to rows, ``synthesis.request`` to takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from f5_pipeline.display.characters import visible_lines
from f5_pipeline.errors import BadDecisions
from f5_pipeline.manifests.csv_file import Unreadable, decode
from f5_pipeline.manifests.csv_records import csv_records, header_columns
from f5_pipeline.manifests.utterance import Decision
from f5_pipeline.storage.layout import decisions_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.utterance_ids import normalised_id

Action = Literal["", "accept", "respeak"]
_ACTIONS: Mapping[str, Action] = {
    "": "",
    **dict.fromkeys(("accept", "accepted", "keep", "ok"), "accept"),
    **dict.fromkeys(("respeak", "reject", "rejected", "again"), "respeak"),
}
MAX_BYTES = 64 * 2**20  # of the file
MAX_TAKE = 100
_TAKE = re.compile(r"[0-9]{1,4}")
_KEY = re.compile(r"[0-9a-f]{64}")
_EXAMPLE = "The first line is id,decision,take,key,text,new_text,note; id and one other column are enough."


@dataclass(frozen=True)
class ListenerDecision:
    """One row of the file. The names of its fields are those of the columns."""

    id: str
    decision: Action = ""
    take: int | None = None  # None: not stated
    key: str = ""
    text: str = ""  # the line's text in the manifest; "": any
    new_text: str = ""  # "": unchanged
    note: str = ""

    @property
    def is_complete(self) -> bool:
        """True if nothing in it depends on which takes there are now. ``decide`` completes a decision."""
        return not self.decision or self.take is not None or bool(self.new_text and self.decision == "respeak")

    @property
    def is_empty(self) -> bool:
        return not (self.decision or self.new_text or self.note)

    def edited(self, text: str) -> str:
        """The text of a row of the manifest after this decision."""
        return self.new_text if self._is_about(text) else text

    def on(self, text: str) -> Decision:
        """The decision as it concerns the clip of a row with this text."""
        original = text if self.edited(text) != text else ""
        return Decision(self.decision, self.take or 0, self.key, self.note, original)

    def _is_about(self, text: str) -> bool:
        return bool(self.new_text) and (not self.text or _comparable(self.text) == _comparable(text))


COLUMNS = tuple(field.name for field in fields(ListenerDecision))


def read_decisions(store: ObjectStore, batch: str) -> dict[str, ListenerDecision]:
    """The decisions on a batch in the store, by id; empty if there are none.

    Raises:
        BadDecisions: the file is too large, or as for :func:`parse_decisions`.
    """
    key = decisions_object(batch)
    if (info := store.stat(key)) is None:
        return {}
    check_size(info.size, store.location(key))
    return parse_decisions(store.read(key), store.location(key))


def parse_decisions(data: bytes, location: str, *, complete: bool = True) -> dict[str, ListenerDecision]:
    """The decisions in a file, by id. ``location`` names the file in messages.

    Args:
        complete: refuse a decision that depends on which takes there are now.

    Raises:
        BadDecisions: too large, not CSV in UTF-8, wrong columns, an id twice, or an invalid cell.
    """
    check_size(len(data), location)
    try:
        return _decisions(data, complete)
    except Unreadable as error:
        raise BadDecisions(location, error.reason, error.fix) from None


def check_size(size: int, location: str) -> None:
    """Raises ``BadDecisions`` if a file of so many bytes is too large."""
    if size > MAX_BYTES:
        raise BadDecisions(location, f"is larger than {MAX_BYTES >> 20} MiB.", "Export it again, with shorter notes.")


def _decisions(data: bytes, complete: bool) -> dict[str, ListenerDecision]:
    text = decode(data)
    names = [name.replace("_", "") for name in COLUMNS]
    records = csv_records(text, names, ("decision",)) if text.strip() else iter(())
    header = header_columns(next(records, []), COLUMNS, ("id",), "has other columns than decisions have", _EXAMPLE)
    found: dict[str, ListenerDecision] = {}
    for line, cells in _rows(records, header):
        decision = _decision(line, cells)
        if decision.id in found:
            raise Unreadable(f"decides on {decision.id!r} twice, again in line {line}.", "Delete one of them.")
        if complete and not decision.is_complete:
            fix = "Put it in with: f5-pipeline decide BATCH FILE, which fills in the takes that there are now."
            raise Unreadable(f"does not say which take in line {line}.", fix)
        found[decision.id] = decision
    return found


def _rows(records: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows that are not blank, with their row numbers in a spreadsheet, where the header is row 1."""
    for line, cells in enumerate(records, start=2):
        if any(cell.strip() for cell in cells):
            if any(cell.strip() for cell in cells[len(header) :]):
                raise Unreadable(f"has more cells in line {line} than columns.", "Quote a text that has a comma.")
            yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}


def _decision(line: int, cells: Mapping[str, str]) -> ListenerDecision:
    id, word, take, key = (cells.get(name, "") for name in ("id", "decision", "take", "key"))
    if not id:
        raise Unreadable(f"has no id in line {line}.", "Write the id of the line, as `f5-pipeline results` shows it.")
    action = _ACTIONS.get(word.lower().replace("-", ""))
    if action is None:
        fix = "Write accept or respeak, or leave the cell empty."
        raise Unreadable(f"has the decision {word[:40]!r} in line {line}.", fix)
    if take and not (_TAKE.fullmatch(take) and int(take) <= MAX_TAKE and (int(take) or action == "respeak")):
        fix = "Write the number of a take: 1 for the first."
        raise Unreadable(f"has the take {take[:40]!r} in line {line}.", fix)
    if key and not _KEY.fullmatch(key):
        raise Unreadable(f"has a damaged clip key in line {line}.", "Leave the cell empty.")
    number = int(take) if take else None
    return ListenerDecision(
        normalised_id(id), action, number, key, cells.get("text", ""), cells.get("new_text", ""), cells.get("note", "")
    )


def _comparable(text: str) -> str:
    """A text as the listening page shows it, on one line."""
    return " ".join(visible_lines(text).split())
