"""Takes that are in the store: protected from garbage collection while a batch runs, and ranked with new ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.results.garbage_collection import orphaned_clips
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.synthesis.executor import NullProgress, SynthesisJob
from f5_pipeline.synthesis.session import run_in_process
from tests.synthesis.fake_engine import FakeEngine, clipped, silent
from tests.synthesis.jobs import LONG_TEXT, Run, job, line, lines


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_later_takes_and_their_chunks_are_protected_before_the_index_names_them(run: Run) -> None:
    """No index names them: their batch was deleted, or its line was edited and restored."""
    stored = run([line(LONG_TEXT)], FakeEngine(takes={"is number 2": [clipped]})).rows[0]
    assert stored.attempts == 2
    requests = [line(LONG_TEXT), line("one more line.", "2")]
    orphaned: list[str] = []

    def list_orphans(sound: np.ndarray) -> np.ndarray:
        orphaned.extend(info.key for info in orphaned_clips(run.store))
        return sound

    engine = FakeEngine(takes={"one more": [list_orphans]})
    with hold_lease(run.store, "b", (key for request in requests for key in request.clip_keys())) as lease:
        given = job(run.store, requests, engine.load)
        work = SynthesisJob(
            "b", lease, run.store, given.cache, requests, {}, engine.load, given.judge, given.transcriber
        )
        result = run_in_process(work, NullProgress())
    assert result.rows[0].key == stored.key
    assert engine.texts == ["one more line."]
    assert orphaned == []


def test_a_changed_clip_is_verified_and_a_damaged_one_is_spoken_again(run: Run) -> None:
    texts = ("the first line.", "the second line.", "the third line.")
    first, second, third = run(lines(*texts), FakeEngine()).rows
    os.utime(run.path(first))  # as a copy of the store has it: another time, the same bytes
    data = bytearray(run.path(second).read_bytes())
    data[-300] ^= 1
    run.path(second).write_bytes(data)
    engine = FakeEngine()
    again = run(lines(*texts), engine).rows
    assert engine.texts == ["the second line."]
    assert [row.cached for row in again] == [True, False, True]
    assert again[0].clip_etag != first.clip_etag
    assert (again[2].clip_etag, again[1].key) == (third.clip_etag, second.key)
    assert run.clips.damaged(row.key for row in again) == {}


def test_a_take_with_a_silent_chunk_is_the_worst_take(run: Run) -> None:
    engine = FakeEngine(takes={"is number 2": [silent, clipped]})
    (row,) = run([line(LONG_TEXT, attempts=2)], engine).rows
    assert (row.status, row.key) == ("suspect", line(LONG_TEXT).take_keys[1])
    assert "clipped" in row.reason
