"""``F5Engine``: chunks in, sound out, on one device.

On a GPU, chunks are packed into batches that fill it, and the next batch's text and noise are made ready while it
computes. On a CPU every core speaks a chunk of its own: the model's
layers are too small to be worth sharing between cores, and one utterance's activations fit a core's cache.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.duration import pack
from f5_pipeline.engine.f5.attention import choose_attention
from f5_pipeline.engine.f5.device import batch_frames, choose_device, choose_precision
from f5_pipeline.engine.f5.load import load_tokens, load_transformer, load_vocoder
from f5_pipeline.engine.f5.packed import PackedDiT
from f5_pipeline.engine.f5.sampler import Item, draw_noise, sample, time_steps
from f5_pipeline.engine.f5.vocoder import decode
from f5_pipeline.engine.protocol import TARGET_RMS, SpeechChunk, Spoken, frames_of
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles

if TYPE_CHECKING:
    from torch import Tensor


class F5Engine:
    """F5-TTS with Vocos.

    Args:
        spec, files: the model, proven.
        device: "auto", "cpu", "cuda", "cuda:1".
        precision: "auto", "float32", "bfloat16", "float16".
        attention: what the environment proved, "torch" or "flash_attn".
        batch_seconds: audio (reference + generated) to work on at once on a GPU; None: by its free memory.
    """

    def __init__(
        self,
        spec: ModelSpec,
        files: ModelFiles,
        device: str = "auto",
        precision: str = "auto",
        attention: str = "torch",
        batch_seconds: float | None = None,
    ) -> None:
        from f5_tts.model.modules import MelSpec

        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self._tokens, self._pinyin = load_tokens(files.vocabulary), spec.tokenizer == "pinyin"
        transformer = load_transformer(spec, files.checkpoint, len(self._tokens)).to(self.device)
        size = self.precision.itemsize
        attn = transformer.transformer_blocks[0].attn
        attend = choose_attention(attention, self.device, size == 2, attn.inner_dim // attn.heads)
        self._model = PackedDiT(transformer, self.precision, attend)
        self._vocoder = load_vocoder(files.vocoder).to(self.device)
        self._mel_spec = MelSpec()
        self._references: dict[tuple[str, float], Tensor] = {}
        self._lock = threading.Lock()
        self._budget = frames_of(batch_seconds) if batch_seconds else batch_frames(transformer, self.device, size)

    def speak(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        """Speak all chunks; each is given back as soon as it is ready, in any order. See ``SpeechEngine``."""
        return self._speak_on_cores(chunks) if self.device.type == "cpu" else self._speak_in_batches(chunks)

    def _speak_on_cores(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        import torch

        cores = torch.get_num_threads()
        workers = max(1, min(cores, len(chunks)))
        share = cores // workers
        torch.set_num_threads(share)
        pool = ThreadPoolExecutor(workers, "f5", initializer=torch.set_num_threads, initargs=(share,))
        try:
            item = partial(self._item_of, chunks)
            yielded = [pool.submit(self._attempt, chunks, [index], item) for index in range(len(chunks))]
            for done in as_completed(yielded):
                yield from done.result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(cores)

    def _speak_in_batches(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        groups = [_group(chunk) for chunk in chunks]
        lengths = [frames_of(chunk.ref_seconds) + chunk.frames for chunk in chunks]
        waiting = pack(lengths, groups, self._budget)[::-1]
        with ThreadPoolExecutor(1, "f5-prepare") as pool:
            ahead = _Ahead(pool, partial(self._item_of, chunks))
            while waiting:
                batch = waiting.pop()
                ahead.begin([*batch, *(waiting[-1] if waiting else ())])
                try:
                    yield from self._attempt(chunks, batch, ahead.item)
                except _OutOfMemory:
                    # Remembered: the rest of the run is packed into what did fit.
                    self._budget = sum(lengths[index] for index in batch) // 2
                    left = batch + [index for later in reversed(waiting) for index in later]
                    again = pack([lengths[i] for i in left], [groups[i] for i in left], self._budget)
                    waiting = [[left[i] for i in part] for part in again][::-1]
                else:
                    ahead.forget(batch)

    def _attempt(
        self, chunks: Sequence[SpeechChunk], batch: Sequence[int], item: Callable[[int], Item]
    ) -> list[Spoken]:
        """Speak one batch. What fails in company is tried alone; what fails alone is reported."""
        items: dict[int, Item] = {}
        spoken = []
        for index in batch:
            try:
                items[index] = item(index)
            except Exception as error:
                if _is_out_of_memory(error) and len(batch) > 1:
                    raise _OutOfMemory from error
                spoken.append(_failed(index, error))
        if not items:
            return spoken
        try:
            sounds = self._speak_together(chunks[batch[0]].sampling, list(items.values()))
        except Exception as error:
            if len(items) == 1:
                return [*spoken, _failed(next(iter(items)), error)]
            if _is_out_of_memory(error):
                raise _OutOfMemory from error
        else:
            return spoken + [Spoken(index, sound) for index, sound in zip(items, sounds, strict=True)]
        # Not in the handler, where the error would keep what the whole batch had in memory.
        alone = (self._attempt(chunks, [index], items.__getitem__) for index in items)
        return spoken + [one for its in alone for one in its]

    def _speak_together(self, sampling: Sampling, items: Sequence[Item]) -> list[np.ndarray]:
        import torch

        with torch.inference_mode():
            times = time_steps(sampling.nfe_step, sampling.sway_sampling_coef, self.device)
            mels = sample(self._model, items, times)
            generated = [mel[item.reference.shape[0] :] for mel, item in zip(mels, items, strict=True)]
            return [sound.float().cpu().numpy() for sound in decode(self._vocoder, generated)]

    def _item_of(self, chunks: Sequence[SpeechChunk], index: int) -> Item:
        """What the sampler needs to know of a chunk."""
        chunk = chunks[index]
        reference = self._reference(chunk)
        ref_text = chunk.ref_text.rstrip()
        # As upstream: a space keeps the two apart, except after the wide marks of Chinese and Japanese.
        between = " " if ref_text[-1:].isascii() else ""
        tokens = self._tokens_of(f"{ref_text}{between}{chunk.text}")
        # As upstream: never fewer frames than tokens, so that no text is cut off.
        frames = max(reference.shape[0] + chunk.frames, tokens.shape[0] + 1)
        noise = draw_noise(chunk.seed, frames, reference.shape[1])
        return Item(tokens, reference, frames, noise, chunk.sampling.cfg_strength)

    def _tokens_of(self, text: str) -> Tensor:
        """(n,) int64, on the device.

        Raises:
            ValueError: the vocabulary lacks one, which upstream would read as a space. A character that it has when it
                stands alone can be read otherwise in company.
        """
        import torch
        from f5_tts.model.utils import convert_char_to_pinyin

        tokens = convert_char_to_pinyin([text])[0] if self._pinyin else list(text)
        if lacking := [token for token in dict.fromkeys(tokens) if token not in self._tokens]:
            raise ValueError(f"the model's vocabulary lacks {', '.join(map(repr, lacking))}, read from {text!r}")
        return torch.tensor([self._tokens[token] for token in tokens], dtype=torch.long, device=self.device)

    def _reference(self, chunk: SpeechChunk) -> Tensor:
        """(frames, 100) log mel of the reference, computed once for each voice."""
        import torch

        key = (chunk.ref_audio, chunk.ref_seconds)
        with self._lock:
            if key not in self._references:
                wave = torch.from_numpy(_read_reference(*key))
                self._references[key] = self._mel_spec(wave[None])[0].t().to(self.device)
            return self._references[key]


def _read_reference(path: str, seconds: float) -> np.ndarray:
    """The first ``seconds`` of a reference, float32, raised to the level the model was trained on if it is quieter.

    Raises:
        ValueError: it is not 24 kHz mono.
    """
    samples, rate = soundfile.read(path, frames=round(seconds * SAMPLE_RATE), dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path} is not a mono recording of {SAMPLE_RATE} Hz")
    rms = float(np.sqrt(np.mean(np.square(samples))))
    return samples * np.float32(max(1.0, TARGET_RMS / max(rms, 1e-5)))


class _Ahead:
    """Items of chunks, made ready in another thread before they are needed."""

    def __init__(self, pool: ThreadPoolExecutor, make: Callable[[int], Item]) -> None:
        self._pool, self._make = pool, make
        self._items: dict[int, Future[Item]] = {}

    def begin(self, indices: Sequence[int]) -> None:
        for index in indices:
            if index not in self._items:
                self._items[index] = self._pool.submit(self._make, index)

    def item(self, index: int) -> Item:
        """Wait for it. What failed is made again, now: the batch before it may have filled the memory."""
        making = self._items[index]
        return self._make(index) if making.exception() else making.result()

    def forget(self, indices: Sequence[int]) -> None:
        """Free their memory."""
        for index in indices:
            del self._items[index]


class _OutOfMemory(Exception):
    """A batch of several chunks did not fit the device."""


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError)


def _failed(index: int, error: Exception) -> Spoken:
    return Spoken(index, None, f"{type(error).__name__}: {error}")


def _group(chunk: SpeechChunk) -> tuple[int, float | None, bool]:
    """What chunks of one batch must share."""
    return chunk.sampling.nfe_step, chunk.sampling.sway_sampling_coef, chunk.sampling.cfg_strength > 0
