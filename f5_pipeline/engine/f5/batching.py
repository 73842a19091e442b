"""``BatchRunner``: runs chunks in packed batches on a GPU, or one chunk per core on a CPU, and isolates failures.

Not here: which chunks fit one batch (``engine.duration.pack``) and the model itself (``engine``), whose two steps,
``prepare`` and ``synthesize``, are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import numpy as np

from f5_pipeline.engine.duration import pack
from f5_pipeline.engine.f5.device import is_out_of_memory
from f5_pipeline.engine.f5.sampler import SamplerInput
from f5_pipeline.engine.protocol import Chunk, SpokenChunk, frames_of
from f5_pipeline.models.spec import Sampling, Solver

Prepare = Callable[[Chunk], SamplerInput]
Synthesize = Callable[[Sampling, Sequence[SamplerInput]], list[np.ndarray]]


class BatchRunner:
    """Runs chunks through a model.

    Args:
        prepare: the sampler's input for one chunk.
        synthesize: the waveforms, (n,) float32, of inputs that share the sampling settings' solver, steps and
            sway.
        budget: the most mel frames (reference + generated) in one batch. Halved when the memory is exhausted, for the
            rest of the runner's life.
    """

    def __init__(self, prepare: Prepare, synthesize: Synthesize, budget: int) -> None:
        self._prepare, self._synthesize = prepare, synthesize
        self.budget = budget

    def run_on_cores(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        """Run one chunk per core at a time; yields each as soon as it is ready, in any order."""
        import torch

        cores = torch.get_num_threads()
        workers = max(1, min(cores, len(chunks)))
        share = cores // workers
        torch.set_num_threads(share)
        pool = ThreadPoolExecutor(workers, "f5", initializer=torch.set_num_threads, initargs=(share,))
        try:
            futures = [
                pool.submit(self._attempt, chunks, [index], lambda index: self._prepare(chunks[index]))
                for index in range(len(chunks))
            ]
            for future in as_completed(futures):
                yield from future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(cores)

    def run_in_batches(self, chunks: Sequence[Chunk], prefetch: bool = True) -> Iterator[SpokenChunk]:
        """Run packed batches; yields chunks batch by batch.

        ``prefetch``: another thread prepares the next batch meanwhile. Not every device allows that: commands to a
        Mac's GPU from two threads can end the process.
        """
        groups = [_group(chunk) for chunk in chunks]
        lengths = [frames_of(chunk.ref_seconds) + chunk.frames for chunk in chunks]
        waiting = pack(lengths, groups, self.budget)[::-1]
        with ThreadPoolExecutor(1, "f5-prepare") as pool:
            prefetcher = _Prefetcher(pool, lambda index: self._prepare(chunks[index]))
            while waiting:
                batch = waiting.pop()
                if prefetch:
                    prefetcher.start([*batch, *(waiting[-1] if waiting else ())])
                try:
                    yield from self._attempt(chunks, batch, prefetcher.get)
                except _OutOfMemory:
                    self.budget = sum(lengths[index] for index in batch) // 2
                    remaining = batch + [index for later in reversed(waiting) for index in later]
                    repacked = pack([lengths[i] for i in remaining], [groups[i] for i in remaining], self.budget)
                    waiting = [[remaining[i] for i in part] for part in repacked][::-1]
                else:
                    prefetcher.discard(batch)

    def _attempt(
        self, chunks: Sequence[Chunk], batch: Sequence[int], prepare: Callable[[int], SamplerInput]
    ) -> list[SpokenChunk]:
        """Run one batch. If it fails, each chunk is tried alone; a chunk that fails alone is reported.

        Raises:
            _OutOfMemory: a batch of several chunks does not fit the device.
        """
        inputs: dict[int, SamplerInput] = {}
        spoken = []
        for index in batch:
            try:
                inputs[index] = prepare(index)
            except Exception as error:
                if is_out_of_memory(error) and len(batch) > 1:
                    raise _OutOfMemory from error
                spoken.append(_failed(index, error))
        if not inputs:
            return spoken
        try:
            waveforms = self._synthesize(chunks[batch[0]].sampling, list(inputs.values()))
        except Exception as error:
            if len(inputs) == 1:
                return [*spoken, _failed(next(iter(inputs)), error)]
            if is_out_of_memory(error):
                raise _OutOfMemory from error
        else:
            return spoken + [SpokenChunk(index, waveform) for index, waveform in zip(inputs, waveforms, strict=True)]
        # Outside the handler: inside it, the error would keep the batch's tensors in memory.
        alone = (self._attempt(chunks, [index], inputs.__getitem__) for index in inputs)
        return spoken + [one for attempt in alone for one in attempt]


class _Prefetcher:
    """Prepares chunks' inputs in another thread, before they are needed."""

    def __init__(self, pool: ThreadPoolExecutor, prepare: Callable[[int], SamplerInput]) -> None:
        self._pool, self._prepare = pool, prepare
        self._futures: dict[int, Future[SamplerInput]] = {}

    def start(self, indices: Sequence[int]) -> None:
        for index in indices:
            if index not in self._futures:
                self._futures[index] = self._pool.submit(self._prepare, index)

    def get(self, index: int) -> SamplerInput:
        """Wait for an input. Retries a failed preparation: the previous batch may have filled the memory."""
        future = self._futures.get(index)
        return self._prepare(index) if future is None or future.exception() else future.result()

    def discard(self, indices: Sequence[int]) -> None:
        """Free the inputs' memory."""
        for index in indices:
            self._futures.pop(index, None)


class _OutOfMemory(Exception):
    """A batch of several chunks did not fit the device."""


def _failed(index: int, error: Exception) -> SpokenChunk:
    return SpokenChunk(index, None, f"{type(error).__name__}: {error}")


def _group(chunk: Chunk) -> tuple[Solver, int, float | None, bool]:
    """The settings that all chunks of a batch must share: solver, steps, sway, and guidance on or off."""
    sampling = chunk.sampling
    return sampling.solver, sampling.nfe_step, sampling.sway_sampling_coef, sampling.cfg_strength > 0
