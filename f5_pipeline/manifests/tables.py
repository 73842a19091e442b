"""Tables of lines that come from another program: data frames, lists of dicts, files. They become manifests of a store.

A table is written as JSON lines, which keep texts and numbers as they are. What is unchanged is not written again: the
time of writing is part of the version of a manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.batch_files import BatchFiles, batch_name, local_files, update_files
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage.object_store import ObjectStore

BATCH_COLUMN = "batch"  # splits a table into batches; not part of the manifests

Row: TypeAlias = Mapping[str, Any]


def write_manifests(
    store: ObjectStore, source: object, default_batch: str, settings: Mapping[str, Any], origin: str
) -> dict[str, bool]:
    """Write the manifests of a table or file, and their settings; other files beside a manifest stay.

    Args:
        source: a path, or a table: a list of dicts, or a data frame of pandas, polars or pyarrow.
        default_batch: the name of the batch if the table has no column ``batch``.
        settings: of these batches, as in ``manifests/BATCH.toml``. Empty: the files of settings stay as they are.
        origin: names the table in messages.

    Returns:
        the batches of the table, with True for those of which a file has changed.

    Raises:
        UnsafeName: a name yields no name of a batch.
        BadManifest: it is no table of lines.
    """
    files = _files(source, default_batch, settings, origin)
    return {each.batch: update_files(store, each) for each in files}


def settings_file(settings: Mapping[str, Any]) -> bytes:
    """The content of ``manifests/BATCH.toml`` with these settings.

    Raises:
        BadSetting: one is unknown or has an impossible value.
    """
    data = "".join(f"{_toml(name)} = {_toml(value)}\n" for name, value in settings.items()).encode()
    parse_settings(BatchSettings, data, "batch_settings")
    return data


def _files(source: object, default_batch: str, settings: Mapping[str, Any], origin: str) -> list[BatchFiles]:
    sidecars = {"toml": settings_file(settings)} if settings else {}
    if isinstance(source, (str, Path)):
        local = local_files(Path(source), batch_name(default_batch))
        return [BatchFiles(**{**vars(local), "sidecars": {**local.sidecars, **sidecars}})]
    batches = _by_batch(_rows(source, origin), default_batch, origin)
    parsed = BatchSettings.model_validate(dict(settings))
    return [
        BatchFiles(name, _json_lines(rows), "jsonl", f"{name} of {origin}", parsed, [], sidecars)
        for name, rows in batches.items()
    ]


def _rows(table: object, origin: str) -> list[Row]:
    """The rows of a table; columns without a name are refused with the manifest."""
    for method, arguments in (("to_pylist", ()), ("to_dicts", ()), ("to_dict", ("records",))):
        if callable(convert := getattr(table, method, None)):
            return list(convert(*arguments))
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        return list(table)
    raise BadManifest(
        f"of {origin}",
        f"is no table of lines, but of the type {type(table).__name__}.",
        "Return a data frame, a list of dicts with a key 'text', or the path of a manifest.",
    )


def _by_batch(rows: Sequence[Row], default: str, origin: str) -> dict[str, list[Row]]:
    """The rows of each batch, without the column ``batch``."""
    found: dict[str, list[Row]] = {}
    names: dict[str, str] = {}  # of batches, as the table has them
    for number, row in enumerate(rows, start=1):
        given = row.get(BATCH_COLUMN, default)
        if _is_missing(given) or not str(given).strip():
            raise BadManifest(f"of {origin}", f"has no batch in row {number}.", "Fill the column 'batch' in every row.")
        name = batch_name(str(given))
        if names.setdefault(name, str(given)) != str(given):
            reason = f"has the batches {names[name]!r} and {given!r}, which have the same name {name!r}."
            raise BadManifest(f"of {origin}", reason, "Rename one of them.")
        found.setdefault(name, []).append({key: value for key, value in row.items() if key != BATCH_COLUMN})
    return found


def _json_lines(rows: Sequence[Row]) -> bytes:
    """The rows as JSON lines. Missing values are left out."""
    present = [{str(key): _plain(value) for key, value in row.items() if not _is_missing(value)} for row in rows]
    lines = [json.dumps(row, ensure_ascii=False) for row in present]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")  # a lone surrogate: its escape


def _is_missing(value: object) -> bool:
    import pandas as pd

    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _plain(value: Any) -> Any:
    """A value that JSON has: numbers of numpy become Python's, and times, decimals and the like become text."""
    if callable(item := getattr(value, "item", None)) and getattr(value, "ndim", 1) == 0:
        value = item()
    if isinstance(value, float) and value.is_integer():
        return int(value)  # pandas turns whole numbers into floats in a column that has gaps
    if isinstance(value, (str, int, float, bool, list, dict)):
        return json.loads(json.dumps(value, default=str))
    return str(value)


def _toml(value: Any) -> str:
    """A name or value in TOML, whose strings, numbers and arrays are those of JSON."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)
