"""The rows of a manifest in any format. ``formats`` has the readers, ``columns`` the names, ``resolve`` the meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.csv_file import Unreadable
from f5_pipeline.manifests.formats.delimited import csv_rows
from f5_pipeline.manifests.formats.json_objects import json_rows, jsonl_rows
from f5_pipeline.manifests.formats.markdown import md_rows
from f5_pipeline.manifests.formats.parquet import parquet_rows
from f5_pipeline.manifests.formats.plain_text import txt_rows
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions
from f5_pipeline.manifests.formats.spreadsheet import xlsx_rows
from f5_pipeline.manifests.formats.subtitles import subtitle_rows

MAX_ROWS = 500_000

_READERS: Mapping[str, Callable[[bytes, ReadOptions], Iterator[ManifestRow]]] = {
    "csv": csv_rows,
    "tsv": csv_rows,
    "tab": csv_rows,
    "xlsx": xlsx_rows,
    "jsonl": jsonl_rows,
    "json": json_rows,
    "parquet": parquet_rows,
    "txt": txt_rows,
    "md": md_rows,
    "srt": subtitle_rows,
    "vtt": subtitle_rows,
}


def read_rows(
    data: bytes, format: str, location: str, options: ReadOptions | None = None, max_rows: int = MAX_ROWS
) -> Iterator[ManifestRow]:
    """The rows of a manifest, lazily. ``location`` names the manifest in messages.

    Raises:
        BadManifest: the file is empty, too long, not UTF-8, not in its format, or has no column ``text``.
    """
    try:
        yield from _limited(_READERS[format](data, options or ReadOptions()), max_rows)
    except Unreadable as error:
        raise BadManifest(location, error.reason, error.fix) from None


def _limited(rows: Iterator[ManifestRow], max_rows: int) -> Iterator[ManifestRow]:
    """Passes rows through. Raises ``Unreadable`` if there is no row, or more than ``max_rows``."""
    empty = True
    for row in rows:
        empty = False
        if row.number > max_rows:
            raise Unreadable(f"has more than {max_rows:,} rows.", "Split it into several batches.")
        yield row
    if empty:
        raise Unreadable("has no rows.", "Add at least one line to speak.")
