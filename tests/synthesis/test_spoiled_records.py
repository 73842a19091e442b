"""Records that came back wrong: each reader gives a reason, or reads them as missing; a run writes them again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.manifests.staleness import batch_states
from f5_pipeline.manifests.utterance_file import load_utterances
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import read_index
from f5_pipeline.results.lookup import batch_results
from f5_pipeline.results.transcripts import TimedWord, load_transcript, save_transcript
from f5_pipeline.results.verification import verify_clips
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import (
    delivery_record_object,
    lease_object,
    parquet_object,
    provenance_object,
    transcript_object,
    utterances_object,
)
from f5_pipeline.storage.local import LocalStore
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.test_batch import Workspace

_WRONG_VALUES: tuple[Any, ...] = (None, -1, 1e400, "x", [[1]], {"x": 1})
_WRONG_BYTES = (b"", b"\0" * 100, b"\xff\xfe", b"{}", b"[]", b"null", b'"x"', b"1", b"[" * 10_000, b'{"format": 1}')
_TRANSCRIBED = ("0" * 64, "whisper-1")


def _spoiled_values(value: Any) -> Iterator[Any]:
    """A JSON value with each part, at any depth, left out or replaced."""
    yield from _WRONG_VALUES
    if isinstance(value, dict):
        for name in value:
            yield {key: part for key, part in value.items() if key != name}
            yield from ({**value, name: part} for part in _spoiled_values(value[name]))
        yield {**value, "unknown": 1}
    if isinstance(value, list) and value:
        yield value[1:]
        yield from ([part, *value[1:]] for part in _spoiled_values(value[0]))


def _spoiled_json(data: bytes) -> Iterator[bytes]:
    """A file of one or more JSON values, spoiled in one of its first three lines."""
    yield from (*_WRONG_BYTES, data[: len(data) // 2], data[:-2], data + b"x", data + data)
    lines = data.splitlines(keepends=True) if b"\n{" in data else [data]
    for number, line in enumerate(lines[:3]):
        yield b"".join([*lines[:number], *lines[number + 1 :]])
        for value in _spoiled_values(json.loads(line)):
            spoiled = json.dumps(value).encode() + b"\n"
            yield b"".join([*lines[:number], spoiled, *lines[number + 1 :]])


def _spoiled_parquet(data: bytes) -> Iterator[bytes]:
    yield from (*_WRONG_BYTES, data[: len(data) // 2], data[:-2])
    table = pq.read_table(io.BytesIO(data))
    yield _parquet(table.replace_schema_metadata(None))
    yield _parquet(pa.table({"a": [1]}, metadata=table.schema.metadata))
    yield _parquet(table.slice(0, 0))
    for name in table.column_names:
        yield _parquet(table.drop_columns([name]))
        for wrong in (pa.nulls(table.num_rows), pa.array([[1]] * table.num_rows), pa.array([2.5] * table.num_rows)):
            yield _parquet(table.set_column(table.column_names.index(name), name, wrong))
    note = json.loads(table.schema.metadata[b"f5_pipeline"])
    for value in _spoiled_values(note):
        yield _parquet(table.replace_schema_metadata({b"f5_pipeline": json.dumps(value).encode()}))


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _deliver(store: LocalStore) -> None:
    contents = load_utterances(store, "b")
    deliver_batch(store, "b", contents.settings, read_index(store, "b") or [], contents.utterances, contents.rejected)


def _print_results(store: LocalStore) -> None:
    json.dumps(batch_results(store, "b").as_json())


def _find_stale_batches(store: LocalStore) -> None:
    batch_states(store, Settings(model="demo"))


def _clean(store: LocalStore) -> None:
    clean(store, [], dry_run=True)


Reader = Callable[[LocalStore], object]


@dataclass(frozen=True)
class Record:
    """A kind of file: where it is, how it is spoiled, and what reads it."""

    key: str
    spoil: Callable[[bytes], Iterator[bytes]]
    readers: tuple[Reader, ...]


RECORDS = {
    "index": Record(
        parquet_object("b"), _spoiled_parquet, (_print_results, _deliver, _find_stale_batches, _clean, verify_clips)
    ),
    "utterances": Record(utterances_object("b"), _spoiled_json, (_deliver,)),
    "provenance": Record(provenance_object("b"), _spoiled_json, (_find_stale_batches,)),
    "delivery": Record(delivery_record_object("b"), _spoiled_json, (_deliver,)),
    "transcript": Record(
        transcript_object(*_TRANSCRIBED), _spoiled_json, (lambda store: load_transcript(store, *_TRANSCRIBED),)
    ),
    "lease": Record(lease_object("b", "0" * 16), lambda data: iter([*_WRONG_BYTES, data[:-1], data + b"x"]), (_clean,)),
}


@pytest.fixture
def workspace(tmp_path: Path, cache: Path) -> Workspace:
    workspace = Workspace(LocalStore(tmp_path / "store"), cache)
    workspace.resolve()
    workspace.speak(FakeEngine())
    store = workspace.store
    _deliver(store)
    save_transcript(store, *_TRANSCRIBED, [TimedWord("one", 0.1, 0.2), TimedWord("two", 0.3, 0.4, timed=False)])
    store.write(lease_object("b", "0" * 16), bytes(64))
    return workspace


def _failure(read: Reader, store: LocalStore) -> str:
    """The error of a reader, if it is not one of ours with one line."""
    try:
        read(store)
    except F5PipelineError as error:
        return repr(error) if "\n" in str(error) else ""
    except Exception as error:  # noqa: BLE001
        return repr(error)
    return ""


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_no_reader_fails_without_a_reason(workspace: Workspace, record: Record) -> None:
    store, failures = workspace.store, []
    for data in record.spoil(store.read(record.key)):
        for read in record.readers:
            store.write(record.key, data)
            if failure := _failure(read, store):
                failures.append(f"{read.__name__} of {data[:300]!r}: {failure}")
    assert failures == []


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_run_writes_a_spoiled_record_again(workspace: Workspace, record: Record) -> None:
    store = workspace.store
    rows, clips = read_index(store, "b") or [], {info.key for info in store.list("clips/")}
    for data in list(record.spoil(store.read(record.key)))[::23]:
        store.write(record.key, data)
        workspace.resolve()
        workspace.speak()  # no engine: nothing is spoken again
        _deliver(store)
        assert [row.key for row in read_index(store, "b") or []] == [row.key for row in rows]
        assert {info.key for info in store.list("clips/")} == clips
