"""A listener's decisions on takes: accepted ones are kept whatever the measures say, others are spoken again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.manifests.utterance import Decision
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.take_list import DECISION, chosen_take, takes_of
from f5_pipeline.synthesis.request import SynthesisRequest
from tests.synthesis.fake_engine import FakeEngine, clipped, quiet
from tests.synthesis.jobs import LONG_TEXT, Run, line


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def decided(action: str, take: int, key: str = "", *, id: str = "1", attempts: int = 3) -> SynthesisRequest:
    """A line with a decision."""
    original = line(id=id, attempts=attempts)
    utterance = replace(original.utterance, decision=Decision(action, take, key))  # type: ignore[arg-type]
    return SynthesisRequest(utterance, original.model, original.speakers)


def engine(*faults: object) -> FakeEngine:
    return FakeEngine(takes={"first": list(faults)})  # type: ignore[list-item]


def same(samples: object) -> object:
    return samples


def spoken(run: Run, *requests: SynthesisRequest, engine: FakeEngine | None = None) -> IndexRow:
    return run(list(requests), engine).rows[0]


def test_the_index_lists_the_takes_with_their_verdicts(run: Run) -> None:
    row = spoken(run, line(attempts=2), engine=engine(clipped, quiet))
    assert [(take.take, take.status) for take in takes_of(row)] == [(1, "suspect"), (2, "suspect")]
    assert chosen_take(row) == takes_of(row)[1]
    assert all(take.reason for take in takes_of(row))


def test_a_suspect_take_is_accepted_and_nothing_is_spoken(run: Run) -> None:
    before = spoken(run, line(), engine=engine(clipped, clipped, quiet))
    first = takes_of(before)[0]
    row = spoken(run, decided("accept", 1, first.key))
    assert (row.key, row.status, row.reason) == (first.key, "ok", "")
    assert row.quality[DECISION] == "accept"
    assert [take.key for take in takes_of(row)] == [take.key for take in takes_of(before)]
    assert set(row.other_takes) == {take.key for take in takes_of(before)} - {first.key}


def test_an_accepted_take_is_reused_from_the_index(run: Run) -> None:
    first = takes_of(spoken(run, line(attempts=1), engine=engine(clipped)))[0]
    accepted = spoken(run, decided("accept", 1, first.key))
    assert spoken(run, decided("accept", 1, first.key)) == replace(accepted, cached=True)


def test_a_withdrawn_acceptance_gives_the_old_verdict_again(run: Run) -> None:
    before = spoken(run, line(attempts=1), engine=engine(clipped))
    spoken(run, decided("accept", 1, before.key))
    assert spoken(run, line(attempts=1)) == replace(before, cached=True)


def test_an_accepted_take_that_is_gone_is_spoken_again_as_it_was(run: Run) -> None:
    before = spoken(run, line(attempts=2), engine=engine(clipped, quiet))
    second = takes_of(before)[1]
    run.clips.discard(second.key)
    again = engine(quiet)
    row = spoken(run, decided("accept", 2, second.key), engine=again)
    assert (row.key, row.status, row.seed) == (second.key, "ok", before.seed)
    assert len(again.spoken) == 1


def test_a_take_that_was_ok_is_spoken_again_once(run: Run) -> None:
    before = spoken(run, line(), engine=engine())
    request = decided("respeak", 1, before.key)
    speaks = engine()
    row = spoken(run, request, engine=speaks)
    assert (len(speaks.spoken), speaks.spoken[0].attempt) == (1, 2)
    assert (row.key, row.status, row.attempts) == (request.take_key(2), "ok", 2)
    assert [take.take for take in takes_of(row)] == [1, 2]
    assert row.other_takes == (before.key,)
    assert spoken(run, request) == replace(row, cached=True)  # an error if it spoke
    run.drop_index()
    assert spoken(run, request).key == row.key


def test_another_take_is_repeated_while_it_is_suspect_as_often_as_the_settings_allow(run: Run) -> None:
    before = spoken(run, line(attempts=2), engine=engine(clipped, clipped))
    row = spoken(run, decided("respeak", 2, before.key, attempts=2), engine=engine(clipped, same))
    assert (row.status, row.attempts) == ("ok", 4)
    assert [take.take for take in takes_of(row)] == [1, 2, 3, 4]


def test_takes_that_were_left_behind_are_not_chosen_although_they_are_better(run: Run) -> None:
    before = spoken(run, line(attempts=1), engine=engine())
    row = spoken(run, decided("respeak", 1, before.key, attempts=1), engine=engine(clipped))
    assert (row.status, chosen_take(row)) == ("suspect", takes_of(row)[1])


@pytest.mark.parametrize("action", ["accept", "respeak"])
def test_a_decision_about_another_clip_has_no_effect(run: Run, action: str) -> None:
    """The text, the voice or a setting has changed since."""
    request = decided(action, 1, "0" * 64)
    assert (request.key, request.attempts) == (line().key, range(1, 4))
    row = spoken(run, request, engine=engine(clipped, same))
    assert (row.status, row.attempts) == ("ok", 2)
    assert DECISION not in row.quality


def test_two_equal_lines_can_have_different_decisions(run: Run) -> None:
    before = spoken(run, line(attempts=2), line(id="2", attempts=2), engine=engine(clipped, quiet))
    first, second = takes_of(before)
    speaks = engine(same)
    rows = run(
        [
            decided("accept", 1, first.key, attempts=2),
            line(id="2", attempts=2),
            decided("respeak", 2, second.key, id="3", attempts=2),
        ],
        speaks,
    ).rows
    assert [row.key for row in rows[:2]] == [first.key, second.key]
    assert [row.status for row in rows] == ["ok", "suspect", "ok"]
    assert len(speaks.spoken) == 1


def test_every_chunk_of_a_rejected_long_line_is_spoken_again(run: Run) -> None:
    before = spoken(run, line(LONG_TEXT), engine=FakeEngine())
    request = line(LONG_TEXT)
    again = SynthesisRequest(
        replace(request.utterance, decision=Decision("respeak", 1, before.key)), request.model, request.speakers
    )
    speaks = FakeEngine()
    row = spoken(run, again, engine=speaks)
    assert len(speaks.spoken) == len(before.chunk_keys) > 1
    assert set(row.chunk_keys).isdisjoint(before.chunk_keys)
    assert set(before.chunk_keys) <= set(row.other_takes)
