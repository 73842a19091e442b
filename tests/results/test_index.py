"""The index of a batch: rows are read as they were written, user columns are kept, no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

import pandas as pd
import pytest

from f5_pipeline.display.characters import visible_lines
from f5_pipeline.errors import IndexDamaged, UnsafeName
from f5_pipeline.results.index import IndexRow, index_table, read_index, rows_by_key, write_index
from f5_pipeline.storage.layout import csv_object, parquet_object
from f5_pipeline.storage.local import LocalStore

FIRST_COLUMNS = ["id", "text", "spoken_text", "voice", "model", "status", "reason", "key", "clip", "audio_seconds"]
FIRST_COLUMNS += ["seed", "attempts"]
SPOKEN = IndexRow(
    id="1",
    text="Héllo, “world”\nline two",
    spoken_text="hello world",
    voice="anna",
    model="demo",
    key="ab" * 32,
    clip=f"clips/ab/{'ab' * 32}.flac",
    audio_seconds=1.5,
    seed=2**32 - 1,
    attempts=1,
    clip_bytes=1234,
    cached=True,
    language="en",
    language_source="script Latin",
    notes="Dropped a sign.",
    quality={"wer": 0.1, "clipped": False, "heard_text": "hello"},
    columns={"speaker": "Anna", "key": "K-1", "manifest_key": "M"},
)
REJECTED = IndexRow(id="2", text="", status="rejected", reason="Row 2: the text is empty.", columns={"wer": "low"})


def csv_rows(store: LocalStore, batch: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(store.read(csv_object(batch)).decode(), newline="")))


def test_rows_are_read_as_they_were_written(store: LocalStore) -> None:
    write_index(store, "demo", [SPOKEN, REJECTED])
    assert read_index(store, "demo") == [SPOKEN, REJECTED]
    assert rows_by_key(store, "demo") == {SPOKEN.key: SPOKEN}


def test_the_order_of_columns(store: LocalStore) -> None:
    expected = [*FIRST_COLUMNS, "wer", "clipped", "heard_text", "clip_bytes", "clip_etag", "cached"]
    expected += ["language", "language_source", "notes", "speaker"]
    expected += ["manifest_key", "manifest_manifest_key", "manifest_wer"]
    assert index_table([SPOKEN, REJECTED]).column_names == expected
    write_index(store, "demo", [SPOKEN, REJECTED])
    assert list(csv_rows(store, "demo")[0]) == expected
    frame = pd.read_parquet(store.location(parquet_object("demo")))
    assert list(frame.columns) == expected
    assert frame["seed"][0] == 2**32 - 1


def test_an_empty_batch_has_an_index(store: LocalStore) -> None:
    write_index(store, "demo", [])
    assert read_index(store, "demo") == []


def test_a_missing_index_gives_none_and_an_unsafe_name_is_refused(store: LocalStore) -> None:
    assert read_index(store, "demo") is None
    assert rows_by_key(store, "demo") == {}
    with pytest.raises(UnsafeName):
        read_index(store, "../demo")
    with pytest.raises(UnsafeName):
        write_index(store, "../demo", [])


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"<html>", None])
def test_a_damaged_index_is_an_error_for_readers_and_empty_for_the_next_run(
    store: LocalStore, damage: bytes | None
) -> None:
    write_index(store, "demo", [SPOKEN])
    data = store.read(parquet_object("demo"))
    store.write(parquet_object("demo"), data[: len(data) // 2] if damage is None else damage)
    with pytest.raises(IndexDamaged, match=r"index\.parquet"):
        read_index(store, "demo")
    assert rows_by_key(store, "demo") == {}


FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "=\u202e",
    "＝1+1",
    "=",
    '=HYPERLINK("x")',
]
NO_FORMULAS = ["plain", "-5", "+3.25", "-23.0", "50%", "a=b", "", "'quoted'", "two\nlines", 'comma, quote " done']


def test_no_cell_starts_a_formula(store: LocalStore) -> None:
    cells = FORMULAS + NO_FORMULAS
    rows = [IndexRow(id=str(n), text=cell, reason=cell, columns={"=note": cell}) for n, cell in enumerate(cells)]
    write_index(store, "demo", rows)
    assert read_index(store, "demo") == rows
    written = csv_rows(store, "demo")
    assert "'=note" in written[0]
    for row, cell in zip(written, cells, strict=True):
        expected = visible_lines(f"'{cell}" if cell in FORMULAS else cell)
        assert row["text"] == row["reason"] == row["'=note"] == expected


def test_an_unpaired_surrogate_is_replaced(store: LocalStore) -> None:
    write_index(store, "demo", [IndexRow(id="1", text="bad \ud800 text", columns={"n\ud800": "v\ud800"})])
    (row,) = read_index(store, "demo") or []
    assert row.text == "bad ? text"
    assert row.columns == {"n\ud800": "v?"}


def test_measures_of_mixed_types_become_text(store: LocalStore) -> None:
    rows = [IndexRow(id="1", text="", quality={"m": 1}), IndexRow(id="2", text="", quality={"m": "high"})]
    write_index(store, "demo", rows)
    assert [row.quality["m"] for row in read_index(store, "demo") or []] == ["1", "high"]


def test_reading_starts_no_threads(store: LocalStore) -> None:
    """Arrow's threads sometimes abort a command that ends just after reading."""
    write_index(store, "b", [SPOKEN])
    script = """
import os, sys
import pyarrow.parquet
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.open import open_store
before = len(os.listdir("/proc/self/task"))
assert read_index(open_store(sys.argv[1]), "b")
print(len(os.listdir("/proc/self/task")) - before)
"""
    done = subprocess.run([sys.executable, "-c", script, store.url], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
