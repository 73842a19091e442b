"""Pronunciation dictionaries: ``pronunciations.csv`` of a store, ``manifests/BATCH.pronunciations.csv`` of a batch.

Columns: ``word`` and ``say``, optionally ``language`` and ``note``. ``text.pronunciation`` applies the entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from f5_pipeline.errors import BadPronunciations
from f5_pipeline.manifests.csv_file import Unreadable, decode
from f5_pipeline.manifests.csv_records import csv_records, header_columns
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.text.front_end import has_speech, tidy
from f5_pipeline.text.pronunciation import Entry, fold

MAX_ENTRIES = 100_000
MAX_BYTES = 32 * 2**20
_COLUMNS = ("word", "say", "language", "note")
_MAX_CHARACTERS = 200  # of a word or of its pronunciation
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_EXAMPLE = "The first line is word,say (optionally also language,note); an entry is, for example: SQL,sequel."


def read_dictionary(store: ObjectStore, key: str, max_bytes: int = MAX_BYTES) -> list[Entry]:
    """The entries of a dictionary in the store; empty if the file does not exist.

    Raises:
        BadPronunciations: the file is too large, or as for :func:`parse_dictionary`.
    """
    if (info := store.stat(key)) is None:
        return []
    if info.size > max_bytes:
        reason = f"is larger than {max_bytes >> 20} MiB."
        raise BadPronunciations(store.location(key), reason, "Keep only words that the model mispronounces.")
    return parse_dictionary(store.read(key), store.location(key))


def parse_dictionary(data: bytes, location: str, max_entries: int = MAX_ENTRIES) -> list[Entry]:
    """The entries of a dictionary. ``location`` names the file in messages.

    Raises:
        BadPronunciations: not CSV in UTF-8, wrong columns, no entries, too many, a duplicate, or an invalid entry.
    """
    try:
        return _entries(data, max_entries)
    except Unreadable as error:
        raise BadPronunciations(location, error.reason, error.fix) from None


def _entries(data: bytes, max_entries: int) -> list[Entry]:
    text = decode(data)
    records = csv_records(text, _COLUMNS, ("language",)) if text.strip() else iter(())
    header = header_columns(
        next(records, []), _COLUMNS, ("word", "say"), "has other columns than a dictionary", _EXAMPLE
    )
    first_lines: dict[tuple[str, str], int] = {}
    entries = []
    for line, cells in _rows(records, header, max_entries):
        entry = _entry(line, cells)
        key = (fold(entry.word) if entry.any_case else entry.word, entry.language)
        if (first := first_lines.setdefault(key, line)) != line:
            raise Unreadable(f"has {entry.word!r} in line {first} and again in line {line}.", "Delete one of them.")
        entries.append(entry)
    if not entries:
        raise Unreadable("has no entries.", f"{_EXAMPLE} If you need none, delete the file.")
    return entries


def _rows(records: Iterator[list[str]], header: list[str], max_entries: int) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows that are not blank, with their row numbers in a spreadsheet, where the header is row 1."""
    for line, cells in enumerate(records, start=2):
        if line > max_entries + 1:
            reason = f"has more than {max_entries:,} entries."
            raise Unreadable(reason, "Keep only words that the model mispronounces.")
        if any(cell.strip() for cell in cells):
            if any(cell.strip() for cell in cells[len(header) :]):
                fix = "Quote a pronunciation that contains the delimiter."
                raise Unreadable(f"has {len(cells)} cells in line {line} and the header {len(header)}.", fix)
            yield line, dict(zip(header, cells, strict=False))


def _entry(line: int, cells: Mapping[str, str]) -> Entry:
    word, say = (" ".join(tidy(cells.get(name, "")).split()) for name in ("word", "say"))
    language = cells.get("language", "").strip().lower().replace("_", "-")
    for name, value in (("word", word), ("say", say)):
        if not value and (name == "word" or name not in cells):
            fix = "Fill in both; a word that is not spoken has an empty cell for its pronunciation."
            raise Unreadable(f"has no {name} in line {line}.", fix)
        if len(value) > _MAX_CHARACTERS:
            fix = f"An entry has at most {_MAX_CHARACTERS} characters."
            raise Unreadable(f"has a {name} of {len(value)} characters in line {line}.", fix)
        if "[" in value or "]" in value:
            raise Unreadable(f"has a bracket in line {line}.", "A dictionary cannot contain tags; write only words.")
    if say and not has_speech(say):
        raise Unreadable(
            f"has nothing to say in line {line}: {say!r}.", "A pronunciation has a letter or digit, or is empty."
        )
    if language and not _LANGUAGE.fullmatch(language):
        raise Unreadable(f"has the language {language[:40]!r} in line {line}.", "Write a code such as en or pt-BR.")
    return Entry(word, say, language)
