"""What every reader takes and yields: ``ReadOptions`` and ``ManifestRow``. Cells are text, whatever their type was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from f5_pipeline.manifests.columns import ColumnNames
from f5_pipeline.manifests.csv_file import Unreadable, decode


@dataclass(frozen=True)
class ManifestRow:
    """One row of a manifest: its cells as text, by column. Known columns have their canonical names."""

    number: int  # 1-based; counts blank rows, but not the header
    cells: Mapping[str, str]
    problem: str = ""  # completes "The row …" if the row cannot be read
    turns: Sequence[tuple[str, str]] = ()  # the text by speaker, if a subtitle names speakers


@dataclass(frozen=True)
class ReadOptions:
    """How a manifest is read. Made for one reading, since it collects notes for the user."""

    columns: ColumnNames = field(default_factory=ColumnNames)
    txt_rows: Literal["paragraph", "line"] = "paragraph"  # what one row of a txt manifest is

    def note(self, sentence: str) -> None:
        """Tell the user how the manifest is read."""
        self.columns.notes.append(sentence)


def decode_manifest(data: bytes) -> str:
    """Decode a manifest in UTF-8.

    Raises:
        Unreadable: it is not UTF-8 text, or empty.
    """
    text = decode(data)
    if not text.strip():
        raise Unreadable("is empty.", "Add at least one line to speak.")
    return text


def decode_lines(data: bytes) -> str:
    """As ``decode_manifest``, with ``\\n`` as line endings."""
    return re.sub(r"\r\n?", "\n", decode_manifest(data))


def cell_text(value: Any) -> str:
    """A typed value as the text of a CSV cell."""
    if value is None or value != value:  # null, NaN
        return ""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=True, default=str) if isinstance(value, (bool, dict, list)) else str(value)


def without_surrogates(text: str) -> str:
    """Replaces lone surrogates, which JSON can escape but UTF-8 cannot encode, by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
