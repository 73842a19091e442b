"""Several takes of every line: the best is kept, and no take is spoken twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.results.index import Measure
from f5_pipeline.results.take_list import takes_of
from f5_pipeline.synthesis.executor import NullProgress
from f5_pipeline.synthesis.takes import Take, missing_takes
from tests.synthesis.fake_engine import FakeEngine, clipped
from tests.synthesis.jobs import LONG_TEXT, SENTENCES, Run, line


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_every_line_has_so_many_takes_with_the_keys_of_further_takes(run: Run) -> None:
    engine, request = FakeEngine(), line(takes=3, attempts=1)
    (row,) = run([request], engine).rows
    keys = line(attempts=3).take_keys  # those of takes that follow a bad one
    assert [take.key for take in takes_of(row)] == list(keys)
    assert [chunk.seed for chunk in engine.spoken] == [request.take_seed(attempt) for attempt in (1, 2, 3)]
    assert (row.status, row.attempts, row.key in keys) == ("ok", 3, True)


@pytest.mark.parametrize("indexed", [True, False])
def test_no_take_is_spoken_twice(run: Run, indexed: bool) -> None:
    first = run([line(takes=2)], FakeEngine()).rows
    if not indexed:
        run.drop_index()
    assert run([line(takes=2)]).rows == (replace(first[0], cached=True),)
    engine = FakeEngine()
    assert [take.take for take in takes_of(run([line(takes=4)], engine).rows[0])] == [1, 2, 3, 4]
    assert [chunk.attempt for chunk in engine.spoken] == [3, 4]
    assert takes_of(run([line(takes=1)]).rows[0])  # speaks nothing


def test_more_takes_follow_if_none_is_ok(run: Run) -> None:
    (row,) = run([line(takes=2, attempts=4)], FakeEngine(takes={"first": [clipped] * 3})).rows
    assert (row.status, row.attempts) == ("ok", 4)


def test_a_further_take_of_a_long_text_is_spoken_anew_unless_a_chunk_was_bad(run: Run) -> None:
    engine = FakeEngine(takes={"number 2": [clipped]})
    (row,) = run([line(LONG_TEXT, takes=3)], engine).rows
    assert sorted(engine.texts) == sorted([*SENTENCES, SENTENCES[2], *SENTENCES])
    assert [take.status for take in takes_of(row)] == ["suspect", "ok", "ok"]


def test_the_progress_counts_all_takes(run: Run) -> None:
    class Counting(NullProgress):
        def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
            self.begun = lines, missing, round(audio_seconds / line().expected_seconds)

        def advance(self, audio_seconds: float) -> None:
            self.advanced = getattr(self, "advanced", 0) + 1

    progress = Counting()
    run([line(takes=3)], FakeEngine(), progress=progress)
    assert (progress.begun, progress.advanced) == ((1, 3, 3), 3)


def test_a_take_that_fails_is_followed_by_the_next_one() -> None:
    request, failed = line(takes=3), Take("", 2, "failed", "the engine failed", 1, "spoken")
    assert missing_takes(request, [take(1), failed]) == 1
    assert missing_takes(request, [take(1), failed, take(3)]) == 0
    assert missing_takes(request, [failed]) == 0  # the engine fails on this line


def take(attempt: int, penalty: float = 0.0, **measures: Measure) -> Take:
    return Take("k", attempt, "ok", "", 1, "spoken", penalty, clip="clip", measures=measures)


def test_takes_are_ranked_by_words_then_voice_then_mos() -> None:
    best_first = [
        take(9, word_error_rate=0.0, speaker_similarity=0.91, mos=3.0),
        take(1, word_error_rate=0.0, speaker_similarity=0.83, mos=3.4),
        take(2, word_error_rate=0.0, speaker_similarity=0.86, mos=3.3),  # a similarity of about the same
        take(3, word_error_rate=0.0, speaker_similarity=0.86, mos=3.3),
        take(4, word_error_rate=0.1, speaker_similarity=0.95, mos=4.0),
        take(6, speaker_similarity=0.95, mos=4.0),  # not transcribed
        take(5, penalty=1.0, word_error_rate=0.0, speaker_similarity=0.95, mos=4.0),
    ]
    shuffled = [best_first[at] for at in (3, 0, 6, 5, 1, 4, 2)]
    assert sorted(shuffled, key=lambda each: each.rank) == best_first
    assert min([take(2), take(1)], key=lambda each: each.rank).attempt == 1
