"""Whole batches on simulated pools: no line is lost, workers are busy, and a line that kills workers is set aside."""

from __future__ import annotations

import random

import numpy as np
import pytest

from f5_pipeline.cluster.policy import Policy
from tests.cluster.simulation import Machine, Simulation


def mixed_lines(count: int, seed: int = 0) -> np.ndarray:
    """Costs in seconds of a machine of speed 1: mostly sentences, some of them a minute long."""
    generator = np.random.default_rng(seed)
    return np.clip(generator.lognormal(np.log(4.2), 0.6, count), 0.6, 120.0)


@pytest.mark.parametrize("gpus", [1, 8, 64])
def test_gpus_are_busy_though_some_workers_die(gpus: int) -> None:
    costs = mixed_lines(200_000)
    machines = [Machine(30.0, deaths_per_hour=0.01)]
    outcome = Simulation(costs, Policy(gpus), machines, seed=gpus).run()
    assert len(outcome.spoken) == len(costs)
    assert not outcome.set_aside
    assert outcome.busy >= 0.95


def test_many_deaths_lose_hardly_a_line() -> None:
    """Ten deaths an hour of each worker. A line that is in hand at two of them by chance is set aside."""
    costs = mixed_lines(50_000)
    outcome = Simulation(costs, Policy(64), [Machine(30.0, deaths_per_hour=10.0)], seed=1).run()
    assert outcome.deaths > 5
    assert outcome.spoken.keys() | outcome.set_aside.keys() == set(range(len(costs)))
    assert len(outcome.set_aside) < outcome.deaths / 5
    assert outcome.busy >= 0.7


@pytest.mark.parametrize("seed", range(30))
def test_every_line_is_spoken_once_or_set_aside(seed: int) -> None:
    generator = random.Random(seed)
    costs = mixed_lines(generator.randrange(1, 3000), seed)
    poison = frozenset(generator.sample(range(len(costs)), min(len(costs), generator.randrange(4))))
    machines = [
        Machine(generator.uniform(1, 60), generator.uniform(0, 90), deaths_per_hour=generator.choice([0, 0.01, 2]))
        for _ in range(generator.randrange(1, 12))
    ]
    policy = Policy(generator.randrange(1, 20), min_workers=generator.randrange(1, 4))
    outcome = Simulation(costs, policy, machines, poison, seed).run()
    assert set(outcome.set_aside) == poison
    assert outcome.spoken.keys() == set(range(len(costs))) - poison
    assert set(outcome.spoken.values()) <= {1}


@pytest.mark.parametrize("seed", range(10))
def test_machines_of_any_speed_end_together(seed: int) -> None:
    """The batch takes little longer than if lines could be divided at will."""
    costs = mixed_lines(20_000, seed)
    speeds = [60.0, 60.0, 20.0, 5.0, 0.5]
    machines = [Machine(speed, start=0.0, load=0.0, group_overhead=0.0) for speed in speeds]
    outcome = Simulation(costs, Policy(5, min_workers=5), machines, seed=seed).run()
    assert outcome.seconds <= 1.03 * costs.sum() / sum(speeds) + 10.0


@pytest.mark.parametrize("seed", range(10))
def test_a_sick_gpu_costs_hardly_a_line(seed: int) -> None:
    """Only what fails in a group of a single line has failed."""
    costs = mixed_lines(20_000, seed)
    outcome = Simulation(costs, Policy(8), [Machine(30.0, fails=True), *[Machine(30.0)] * 7], seed=seed).run()
    assert len(outcome.failed) <= 2
    assert outcome.spoken.keys() == set(range(len(costs))) - outcome.failed
    assert not outcome.set_aside


@pytest.mark.parametrize("seed", range(30))
def test_a_machine_that_always_crashes_costs_no_line(seed: int) -> None:
    """Its place is filled again and again, also when the other workers have all remaining lines in hand."""
    costs = np.random.default_rng(seed).uniform(20.0, 40.0, random.Random(seed).randrange(4, 80))
    machines = [Machine(1.0, start=8.0, load=0.0, crashes=True), *[Machine(1.0, start=8.0)] * 3]
    outcome = Simulation(costs, Policy(4, min_workers=4), machines, seed=seed).run()
    assert outcome.spoken.keys() == set(range(len(costs)))
    assert not outcome.set_aside


def test_a_pool_grows_no_larger_than_its_work_is_worth() -> None:
    small = Simulation(mixed_lines(40), Policy(64), [Machine(30.0)]).run()
    assert small.held_seconds <= 3 * small.seconds  # three workers for 40 lines
