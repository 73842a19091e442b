"""Manifests with delimiters: csv, tsv and tab, with any of the usual delimiters; and LJSpeech's lists without a header.

``csv_records`` splits the text into records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from f5_pipeline.manifests.columns import KNOWN_NAMES, WORD_COLUMNS
from f5_pipeline.manifests.csv_file import squeezed_name
from f5_pipeline.manifests.csv_records import csv_records
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, decode_manifest
from f5_pipeline.storage.utterance_ids import is_id, normalised_id

_LJSPEECH = ("id", "text", "normalized_text")


def csv_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The rows of a manifest with a header, or of an LJSpeech list."""
    text, columns = decode_manifest(data), options.columns
    known = KNOWN_NAMES | {squeezed_name(name) for name in columns.named.values()}
    if _is_ljspeech(text, known):
        options.note("The file has no header; its lines are read as id|text, as in LJSpeech.")
        yield from _ljspeech_rows(text)
        return
    records = csv_records(text, known, WORD_COLUMNS)
    header = columns.canonical(next(records, []))
    width, complete = len(header), all(header)
    for number, cells in enumerate(records, start=1):
        if not cells or (width > 1 and not any(cell.strip() for cell in cells)):
            continue  # blank lines and empty rows, which spreadsheets leave at the end
        problem = _extra_cells(cells, width) if len(cells) > width else ""
        named = zip(header, cells, strict=False)
        yield ManifestRow(number, dict(named) if complete else {name: cell for name, cell in named if name}, problem)


def _extra_cells(cells: list[str], width: int) -> str:
    if not any(cell.strip() for cell in cells[width:]):
        return ""
    return f"has {len(cells)} cells and the header {width}; quote a text that contains the delimiter"


def _is_ljspeech(text: str, known: frozenset[str]) -> bool:
    """True if the first line is ``id|text`` or ``id|text|normalised text``, with a text of several words."""
    cells = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0].split("|")
    if len(cells) not in (2, 3) or any(squeezed_name(cell) in known for cell in cells):
        return False
    return is_id(normalised_id(cells[0].strip())) and len(cells[1].split()) > 1


def _ljspeech_rows(text: str) -> Iterator[ManifestRow]:
    """The lines of an LJSpeech list. It has no quoting: quotes belong to the texts."""
    for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1):
        cells = line.split("|")
        if line.strip():
            problem = "" if len(cells) in (2, 3) else f"has {len(cells)} cells, not id|text or id|text|normalised text"
            yield ManifestRow(number, dict(zip(_LJSPEECH, cells, strict=False)), problem)
