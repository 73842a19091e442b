"""Dictionaries of pronunciations: ``pronunciations.csv`` of a store, ``manifests/BATCH.pronunciations.csv`` of a batch.

Columns ``word`` and ``say``, and if wanted ``language`` and ``note``. How words are found in a text is in
``text.pronunciation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from f5_pipeline.errors import BadPronunciations
from f5_pipeline.manifests.csv_file import Unreadable, csv_records, decode, plain_name
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.text.front_end import has_speech, tidy
from f5_pipeline.text.pronunciation import Entry, fold

_COLUMNS = ("word", "say", "language", "note")
_MAX_ENTRIES = 100_000
_MAX_BYTES = 32 * 2**20
_MAX_CHARACTERS = 200  # of a word or a saying
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_EXAMPLE = "The first line is word,say (and language or note, if wanted); then, for example: SQL,sequel."


def read_dictionary(store: ObjectStore, key: str) -> list[Entry]:
    """The entries of a dictionary of the store; none if there is no such file.

    Raises:
        BadPronunciations: see :func:`parse_dictionary`.
    """
    if (info := store.stat(key)) is None:
        return []
    if info.size > _MAX_BYTES:
        reason = f"is larger than {_MAX_BYTES >> 20} MiB."
        raise BadPronunciations(store.location(key), reason, "Keep the words that are said wrongly without it.")
    return parse_dictionary(store.read(key), store.location(key))


def parse_dictionary(data: bytes, where: str) -> list[Entry]:
    """The entries of a dictionary. ``where`` names it in messages.

    Raises:
        BadPronunciations: it is not CSV in UTF-8, has other columns, no entries, one twice, or one that is no word.
    """
    try:
        return _entries(data)
    except Unreadable as error:
        raise BadPronunciations(where, error.reason, error.fix) from None


def _entries(data: bytes) -> list[Entry]:
    text = decode(data)
    records = csv_records(text, "word") if text.strip() else iter(())
    header = _header(next(records, []))
    found: dict[tuple[str, str], int] = {}
    entries = []
    for line, cells in _lines(records, header):
        entry = _entry(line, cells)
        key = (fold(entry.word) if entry.any_case else entry.word, entry.language)
        if (first := found.setdefault(key, line)) != line:
            raise Unreadable(f"has {entry.word!r} in line {first} and again in line {line}.", "Delete one of them.")
        entries.append(entry)
    if not entries:
        raise Unreadable("has no entries.", f"{_EXAMPLE} If there is nothing to say otherwise, delete the file.")
    return entries


def _header(names: list[str]) -> list[str]:
    known = [plain_name(name) for name in names]
    while known and not known[-1]:  # spreadsheets leave empty columns at the end
        known.pop()
    strange = [name for name in known if name not in _COLUMNS]
    if strange or len(set(known)) < len(known) or not {"word", "say"} <= set(known):
        columns = ", ".join(repr(name[:40]) for name in names[:20]) or "none"
        raise Unreadable(f"has other columns than a dictionary (its columns: {columns}).", _EXAMPLE)
    return known


def _lines(records: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows that are not blank, with their line numbers (of rows: a cell has no line ends that would count)."""
    for line, cells in enumerate(records, start=2):
        if line > _MAX_ENTRIES + 1:
            raise Unreadable(f"has more than {_MAX_ENTRIES:,} entries.", "Keep the words that are said wrongly.")
        if any(cell.strip() for cell in cells):
            if any(cell.strip() for cell in cells[len(header) :]):
                fix = "A saying with the delimiter in it needs quotes."
                raise Unreadable(f"has {len(cells)} cells in line {line} and the header {len(header)}.", fix)
            yield line, dict(zip(header, cells, strict=False))


def _entry(line: int, cells: Mapping[str, str]) -> Entry:
    word, say = (" ".join(tidy(cells.get(name, "")).split()) for name in ("word", "say"))
    language = cells.get("language", "").strip().lower().replace("_", "-")
    for name, value in (("word", word), ("say", say)):
        if not value:
            raise Unreadable(f"has no {name} in line {line}.", "Write both what is written and how to say it.")
        if len(value) > _MAX_CHARACTERS:
            raise Unreadable(f"has a {name} of {len(value)} characters in line {line}.", "Say less with one entry.")
        if "[" in value or "]" in value:
            raise Unreadable(f"has a bracket in line {line}.", "Tags have no place in a dictionary; write words alone.")
    if not has_speech(say):
        raise Unreadable(f"has nothing to say in line {line}: {say!r}.", "A saying needs a letter or a digit.")
    if language and not _LANGUAGE.fullmatch(language):
        raise Unreadable(f"has the language {language[:40]!r} in line {line}.", "Write a code such as en or pt-BR.")
    return Entry(word, say, language)
