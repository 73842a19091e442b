"""The backlog: what is handed out, in which order, and that nothing is lost or doubled."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.cluster.backlog import Backlog, Group, cost_of
from f5_pipeline.engine.duration import Reference
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.voices.voice import Voice

NO_FILES = ModelFiles(Path(), Path(), Path(), "0" * 64, {}, 0.0, 0)
MODEL = ReadyModel(load_catalogue(Settings())["demo"], NO_FILES)


def line(text: str, **sampling: float) -> SynthesisRequest:
    how = replace(Sampling(16, 2.0, None, 1.0, 0.15), **sampling)
    utterance = Utterance("a", 1, text, text, "f2", "demo", "en", how)
    return SynthesisRequest(utterance, Voice("f2", ()), MODEL, Reference("how fast it is spoken", 3.0, 2.0))


def drained(backlog: Backlog, cost: float) -> list[Group]:
    groups = []
    while group := backlog.take(cost):
        groups.append(group)
    return groups


def test_the_longest_lines_go_out_first_and_each_once() -> None:
    generator = random.Random(1)
    costs = [generator.uniform(1, 50) for _ in range(500)]
    groups = drained(Backlog(costs), 100.0)
    handed = [line for group in groups for line in group.lines]
    assert sorted(handed) == list(range(500))
    assert [costs[line] for line in handed] == sorted(costs, reverse=True)
    for group in groups:
        assert group.cost == pytest.approx(sum(costs[line] for line in group.lines))
        assert group.cost <= 100.0 + 1e-9


def test_a_line_that_is_longer_than_a_group_goes_alone() -> None:
    assert [group.lines for group in drained(Backlog([5.0, 300.0, 5.0]), 10.0)] == [(1,), (0, 2)]


def test_lines_of_a_kind_stay_together_and_the_largest_kind_comes_last() -> None:
    groups = drained(Backlog([9.0, 1.0, 8.0, 7.0, 2.0], kinds=[0, 1, 0, 0, 1]), 100.0)
    assert [group.lines for group in groups] == [(4, 1), (0, 2, 3)]


def test_what_comes_back_goes_out_first_and_may_be_cut() -> None:
    backlog = Backlog([4.0, 3.0, 2.0, 1.0])
    first = backlog.take(9.0)
    assert first is not None
    backlog.give_back(first.lines)
    assert (len(backlog), backlog.cost) == (4, pytest.approx(10.0))
    assert [group.lines for group in drained(backlog, 4.5)] == [(0,), (1,), (2,), (3,)]


def test_suspects_are_kept_from_those_who_must_not_have_them() -> None:
    backlog = Backlog([4.0, 3.0, 2.0])
    taken = backlog.take(4.0)
    assert taken is not None
    backlog.give_back(taken.lines, deaths=1)
    assert backlog.has_unsuspected
    assert backlog.take(3.0, suspects=False) == Group((1,), 3.0)
    assert backlog.take(3.0) == Group((0,), 4.0, deaths=1)
    assert backlog.take(3.0, suspects=False) == Group((2,), 2.0)
    assert not backlog.has_unsuspected


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_doubled_whatever_comes_back(seed: int) -> None:
    generator = random.Random(seed)
    costs = [generator.expovariate(0.1) + 0.01 for _ in range(200)]
    backlog = Backlog(costs, [generator.randrange(3) for _ in costs])
    out: list[int] = []
    while len(backlog):
        cost, suspects = generator.uniform(0, 80), generator.random() < 0.8 or not backlog.has_unsuspected
        expected, group = backlog.next_cost(cost, suspects), backlog.take(cost, suspects)
        assert group is not None
        assert group.cost <= expected + 1e-6
        back = group.lines[: generator.randrange(len(group.lines) + 1)] if generator.random() < 0.3 else ()
        backlog.give_back(back, deaths=generator.randrange(3))
        out += group.lines[len(back) :]
        assert len(backlog) + len(out) == 200
        assert backlog.cost + sum(costs[line] for line in out) == pytest.approx(sum(costs))
    assert sorted(out) == list(range(200))
    assert backlog.take(1.0) is None


def test_an_empty_batch_has_no_work() -> None:
    assert (Backlog([]).take(1.0), len(Backlog([])), Backlog([]).cost) == (None, 0, 0.0)


def test_the_cost_follows_what_the_model_does() -> None:
    short, long = cost_of(line("six words are in this line")), cost_of(line("six words are in this line " * 4))
    assert short < long < 4 * short  # the reference goes through the model with each
    assert cost_of(line("a word", nfe_step=32)) == pytest.approx(2 * cost_of(line("a word")))
    assert cost_of(line("a word " * 9, cfg_strength=0.0)) < 0.6 * cost_of(line("a word " * 9))
    text = "a text that is spoken in many pieces, each with the reference. " * 40
    assert cost_of(line(text * 2)) == pytest.approx(2 * cost_of(line(text)), rel=0.05)
