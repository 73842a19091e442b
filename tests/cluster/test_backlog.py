"""The backlog: the order and the size of groups, and that no line is lost or doubled."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.cluster.backlog import Backlog, Group


def take_all(backlog: Backlog, cost: float) -> list[Group]:
    groups = []
    while group := backlog.take(cost):
        groups.append(group)
    return groups


def test_the_longest_lines_go_out_first_and_each_once() -> None:
    generator = random.Random(1)
    costs = [generator.uniform(1, 50) for _ in range(500)]
    groups = take_all(Backlog(costs), 100.0)
    handed_out = [line for group in groups for line in group.lines]
    assert sorted(handed_out) == list(range(500))
    assert [costs[line] for line in handed_out] == sorted(costs, reverse=True)
    for group in groups:
        assert group.cost == pytest.approx(sum(costs[line] for line in group.lines))
        assert group.cost <= 100.0 + 1e-9


def test_a_line_longer_than_a_group_goes_alone() -> None:
    assert [group.lines for group in take_all(Backlog([5.0, 300.0, 5.0]), 10.0)] == [(1,), (0, 2)]


def test_lines_of_a_kind_stay_together_and_the_largest_kind_comes_last() -> None:
    groups = take_all(Backlog([9.0, 1.0, 8.0, 7.0, 2.0], kinds=[0, 1, 0, 0, 1]), 100.0)
    assert [group.lines for group in groups] == [(4, 1), (0, 2, 3)]


def test_a_returned_group_goes_out_first_and_can_be_cut() -> None:
    backlog = Backlog([4.0, 3.0, 2.0, 1.0])
    first = backlog.take(9.0)
    assert first is not None
    backlog.put_back(first)
    assert (len(backlog), backlog.cost) == (4, pytest.approx(10.0))
    assert [group.lines for group in take_all(backlog, 4.5)] == [(0,), (1,), (2,), (3,)]


def test_retries_are_single_lines_and_go_out_first_where_they_are_allowed() -> None:
    backlog = Backlog([4.0, 3.0, 2.0, 1.0])
    first = backlog.take(7.0)
    assert first is not None
    backlog.put_back_for_retry(first.lines)
    assert backlog.take(100.0) == Group((0,), 4.0, retry=True)
    assert backlog.take(2.0, retries=False) == Group((2,), 2.0)
    assert backlog.take(2.0, retries=False) == Group((3,), 1.0)
    assert backlog.take(2.0, retries=False) is None
    assert backlog.take(2.0) == Group((1,), 3.0, retry=True)


@pytest.mark.parametrize("seed", range(20))
def test_no_line_is_lost_or_doubled_whatever_comes_back(seed: int) -> None:
    generator = random.Random(seed)
    costs = [generator.expovariate(0.1) + 0.01 for _ in range(200)]
    backlog = Backlog(costs, [generator.randrange(3) for _ in costs])
    spoken: list[int] = []
    while len(backlog):
        cost, retries = generator.uniform(0, 80), generator.random() < 0.8
        group = backlog.take(cost, retries)
        if group is None:
            assert not retries
            continue
        assert group.cost <= max(cost, costs[group.lines[0]]) + 1e-6
        match generator.randrange(5):
            case 0:
                backlog.put_back(group)
            case 1:
                backlog.put_back_lines(group.lines[:2])
                backlog.put_back_for_retry(group.lines[2:])
            case _:
                spoken += group.lines
        assert len(backlog) + len(spoken) == 200
        assert backlog.cost + sum(costs[line] for line in spoken) == pytest.approx(sum(costs))
    assert sorted(spoken) == list(range(200))
    assert backlog.take(1.0) is None


def test_the_backlog_of_an_empty_batch() -> None:
    assert (Backlog([]).take(1.0), len(Backlog([])), Backlog([]).cost) == (None, 0, 0.0)
