"""Manifests of JSON objects, one object per row: JSON lines, or one JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from f5_pipeline.manifests.columns import column_name
from f5_pipeline.manifests.csv_file import Unreadable
from f5_pipeline.manifests.formats.reading import (
    ManifestRow,
    ReadOptions,
    cell_text,
    decode_manifest,
    without_surrogates,
)

_EXAMPLE = 'Write objects like {"text": "…", "voice": "…"}.'


def jsonl_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The rows of a manifest with one object per line. A line that is not an object is a bad row."""
    text = decode_manifest(data)
    if text.lstrip().startswith("["):
        raise Unreadable("is a JSON array, not JSON lines.", "Name it .json, or write one object per line.")
    lines = text.split("\n")
    names = _names(_parsed_lines(lines), options)  # read first: a line may lack columns that others have
    for number, value in _parsed_lines(lines):
        yield _row(number, value, names)


def json_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The rows of an array of objects, which may be the only array of an object; or those of JSON lines."""
    text = decode_manifest(data)
    try:
        array = _array(json.loads(text))
    except RecursionError:
        raise Unreadable("is not JSON: it is nested too deeply.", _EXAMPLE) from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            yield from jsonl_rows(data, options)
            return
        raise Unreadable(f"is not JSON: {error}.", "Correct this line.") from None
    except ValueError:  # Python's limit of digits, which keeps the conversion from taking quadratic time
        raise Unreadable("has a number with thousands of digits.", "Correct it, or quote it as a text.") from None
    names = _names(enumerate(array, start=1), options)
    for number, value in enumerate(array, start=1):
        yield _row(number, value, names)


def _array(document: Any) -> list[Any]:
    """The array of rows in a document."""
    if isinstance(document, list):
        return document
    arrays = {name: value for name, value in document.items() if _is_rows(value)} if isinstance(document, dict) else {}
    if len(arrays) > 1:
        listed = ", ".join(repr(name[:40]) for name in arrays)
        raise Unreadable(f"has more than one array of objects: {listed}.", "Keep the array with the lines to speak.")
    if not arrays and isinstance(document, dict):
        return [document]
    if not arrays:
        raise Unreadable("is JSON without an object.", _EXAMPLE)
    return next(iter(arrays.values()))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _parsed_lines(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """The values of the lines that are not blank, with their numbers; an error in place of a line that is not JSON."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, _parse(line)
            except (ValueError, RecursionError) as error:
                yield number, error


def _parse(line: str) -> Any:
    """The value of a line. ``from_json`` is three times as fast as ``json``, but refuses lone surrogates."""
    try:
        return from_json(line)
    except ValueError:
        return json.loads(line)


def _names(values: Iterable[tuple[int, Any]], options: ReadOptions) -> Mapping[str, str]:
    """The canonical names of all keys."""
    found: dict[str, None] = {}
    for _, value in values:
        if isinstance(value, dict) and not value.keys() <= found.keys():
            found.update(dict.fromkeys(value))
    if not found:
        raise Unreadable("has no object with a key 'text'.", _EXAMPLE)
    spellings = {name: column_name(without_surrogates(name)) for name in found}  # objects may spell a key differently
    columns = list(dict.fromkeys(spellings.values()))
    canonical = dict(zip(columns, options.columns.canonical(columns), strict=True))
    return {name: canonical[spelling] for name, spelling in spellings.items() if canonical[spelling]}


def _row(number: int, value: Any, names: Mapping[str, str]) -> ManifestRow:
    if isinstance(value, Exception):
        return ManifestRow(number, {}, f"is not JSON ({str(value)[:80]})")
    if not isinstance(value, dict):
        return ManifestRow(number, {}, "is not a JSON object")
    cells = {names[name]: cell for name, cell in value.items() if name in names}
    problem = "" if isinstance(cells.get("text"), (str, type(None))) else "has a 'text' that is not text"
    if len(cells) < sum(name in names for name in value):
        problem = "has two keys for one column"
    return ManifestRow(number, {name: cell_text(cell) for name, cell in cells.items()}, problem)
