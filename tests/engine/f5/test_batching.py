"""``BatchRunner`` with a fake model: batches, failures, memory and prefetching."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch

from f5_pipeline.engine.f5.batching import BatchRunner
from f5_pipeline.engine.f5.sampler import SamplerInput
from f5_pipeline.engine.protocol import Chunk, frames_of
from f5_pipeline.models.spec import Sampling
from tests.engine.f5.models import CHUNK, SAMPLING

UNREADABLE = replace(CHUNK, ref_audio="/nowhere.wav")
MAX_FRAMES = 500  # of the fake's kernel
TOTAL_FRAMES = frames_of(CHUNK.ref_seconds) + CHUNK.frames


@dataclass
class FakeModel:
    """Records its calls. The waveform of a chunk is its seed."""

    memory: int = 1_000  # inputs that fit at once
    prepared: list[int] = field(default_factory=list)  # seeds
    sizes: list[int] = field(default_factory=list)  # inputs of each batch

    def prepare(self, chunk: Chunk) -> SamplerInput:
        self.prepared.append(chunk.seed)
        if chunk.ref_audio == UNREADABLE.ref_audio:
            raise FileNotFoundError(chunk.ref_audio)
        nothing, seed = torch.zeros(0), torch.tensor(float(chunk.seed))
        return SamplerInput(nothing, nothing, frames_of(chunk.ref_seconds) + chunk.frames, seed, 1.0)

    def synthesize(self, sampling: Sampling, inputs: Sequence[SamplerInput]) -> list[np.ndarray]:
        self.sizes.append(len(inputs))
        if len(inputs) > self.memory:
            raise torch.cuda.OutOfMemoryError
        if any(one.frames > MAX_FRAMES for one in inputs):
            raise RuntimeError("no kernel for this shape")
        return [np.full(1, float(one.noise), np.float32) for one in inputs]


def runner_of(model: FakeModel, budget: int = 10_000) -> BatchRunner:
    return BatchRunner(model.prepare, model.synthesize, budget)


def chunks(count: int) -> list[Chunk]:
    return [replace(CHUNK, seed=seed) for seed in range(count)]


def seeds(runner: BatchRunner, given: list[Chunk]) -> list[float | str]:
    """The seed of each chunk's waveform, or the error, in the order of the chunks."""
    spoken = sorted(runner.run_in_batches(given), key=lambda one: one.index)
    assert [one.index for one in spoken] == list(range(len(given)))
    return [one.error if one.samples is None else float(one.samples[0]) for one in spoken]


def test_a_chunk_that_cannot_be_prepared_does_not_split_its_batch() -> None:
    model = FakeModel()
    first, error, last = seeds(runner_of(model), [CHUNK, UNREADABLE, replace(CHUNK, seed=9)])
    assert (first, last) == (CHUNK.seed, 9)
    assert error == f"FileNotFoundError: {UNREADABLE.ref_audio}"
    assert model.sizes == [2]


def test_a_batch_that_fails_is_repeated_chunk_by_chunk() -> None:
    model = FakeModel()
    given = [*chunks(1), replace(CHUNK, frames=MAX_FRAMES, seed=1), replace(UNREADABLE, seed=2)]
    first, second, third = seeds(runner_of(model), given)
    assert first == 0
    assert second == "RuntimeError: no kernel for this shape"
    assert str(third).startswith("FileNotFoundError")
    assert sorted(model.sizes) == [1, 1, 2]
    assert model.prepared.count(0) == model.prepared.count(1) == 1  # not prepared again


def test_the_same_on_cores() -> None:
    spoken = {one.index: one for one in runner_of(FakeModel()).run_on_cores([*chunks(2), UNREADABLE])}
    assert [float(spoken[index].samples[0]) for index in range(2)] == [0, 1]
    assert "FileNotFoundError" in spoken[2].error


def test_out_of_memory_halves_the_budget_for_good() -> None:
    model = FakeModel(memory=2)
    runner = runner_of(model)
    assert seeds(runner, chunks(8)) == list(range(8))
    assert model.sizes == [8, 4, 2, 2, 2, 2]
    assert seeds(runner, chunks(4)) == list(range(4))
    assert model.sizes[6:] == [2, 2]  # the next call starts with batches that fit


@pytest.mark.parametrize("full", [{2}, {0, 1, 2, 3}])
@pytest.mark.parametrize("budget", [10_000, 1], ids=["one batch", "one by one"])
def test_a_preparation_that_runs_out_of_memory_is_repeated(full: set[int], budget: int) -> None:
    model, failed = FakeModel(), set[int]()

    def prepare(chunk: Chunk) -> SamplerInput:
        if chunk.seed in full - failed:
            failed.add(chunk.seed)
            raise torch.cuda.OutOfMemoryError
        return model.prepare(chunk)

    runner = BatchRunner(prepare, model.synthesize, budget)
    assert seeds(runner, chunks(4)) == list(range(4))
    assert failed == full
    assert runner.budget == budget


@pytest.mark.parametrize("setting", [{"nfe_step": 7}, {"solver": "ab2"}])
def test_chunks_with_different_steps_or_solvers_do_not_share_a_batch(setting: dict[str, Any]) -> None:
    model = FakeModel()
    list(runner_of(model).run_in_batches([CHUNK, replace(CHUNK, sampling=replace(SAMPLING, **setting)), CHUNK]))
    assert sorted(model.sizes) == [1, 2]


def test_the_next_batch_is_prepared_while_one_is_synthesized() -> None:
    model = FakeModel()
    ready = [threading.Event() for _ in range(6)]
    prepared: list[set[int]] = []

    def prepare(chunk: Chunk) -> SamplerInput:
        one = model.prepare(chunk)
        ready[chunk.seed].set()
        return one

    def synthesize(sampling: Sampling, inputs: Sequence[SamplerInput]) -> list[np.ndarray]:
        done = 2 * len(prepared)
        assert all(event.wait(60) for event in ready[: done + 4])  # this batch and the next
        prepared.append(set(model.prepared))
        return model.synthesize(sampling, inputs)

    assert seeds(BatchRunner(prepare, synthesize, 2 * TOTAL_FRAMES), chunks(6)) == list(range(6))
    assert prepared == [{0, 1, 2, 3}, set(range(6)), set(range(6))]  # not more: inputs take memory
