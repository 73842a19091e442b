"""``F5Engine``: synthesises chunks on one device.

``batching`` runs them: on a GPU in packed batches that fill it; on a CPU one chunk per core, because the model's layers
are too small to split between cores, and one chunk's activations fit a core's cache. ``placement`` holds the model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.batching import BatchRunner
from f5_pipeline.engine.f5.device import batch_frames, choose_device
from f5_pipeline.engine.f5.load import load_tokens, load_transformer, load_vocoder
from f5_pipeline.engine.f5.placement import PlacedModel
from f5_pipeline.engine.f5.sampler import SamplerInput, draw_noise
from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.engine.protocol import TARGET_RMS, Chunk, SpokenChunk, frames_of
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import ModelFiles

if TYPE_CHECKING:
    from torch import Tensor
    from torch import device as Device


class F5Engine:
    """F5-TTS with a Vocos vocoder.

    Args:
        spec, files: the model, with verified files.
        device: as ``F5_DEVICE``: "auto", "cpu", "cuda:N", "mps", …
        precision: "auto", "float32", "bfloat16" or "float16".
        attention: the package that the environment check found to work, "torch" or "flash_attn".
        batch_seconds: audio (reference + generated) in one batch on a GPU; None: by the free memory.
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
        prepare_imports()
        from f5_tts.model.modules import MelSpec

        self._vocabulary, self._pinyin = load_tokens(files.vocabulary), spec.tokenizer == "pinyin"
        transformer = load_transformer(spec, files.checkpoint, len(self._vocabulary))
        vocoder = load_vocoder(files.vocoder)
        self._model = PlacedModel(transformer, vocoder, choose_device(device), precision, attention)
        self._mel_spec = MelSpec()
        self._references: dict[tuple[str, float], Tensor] = {}
        self._lock = threading.Lock()
        size = self._model.precision.itemsize
        budget = frames_of(batch_seconds) if batch_seconds else batch_frames(transformer, self.device, size)
        self._runner = BatchRunner(self._prepare, self._model.synthesize, budget)

    @property
    def device(self) -> Device:
        """Where the model runs: not always where it was asked to, see ``placement``."""
        return self._model.device

    @property
    def placement(self) -> str:
        """See ``protocol.placement_of``."""
        return self._model.placement

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        """Synthesise all chunks; yields each as soon as it is ready, in any order. See ``SpeechEngine``."""
        if self.device.type == "cpu":
            return self._runner.run_on_cores(chunks)
        return self._runner.run_in_batches(chunks, prefetch=self.device.type == "cuda")

    def _prepare(self, chunk: Chunk) -> SamplerInput:
        """The sampler's input for one chunk: tokens, reference mel and noise."""
        import torch

        reference = self._reference(chunk)
        ref_text = chunk.ref_text.rstrip()
        # As upstream: a space separates the two texts, except after the full-width marks of Chinese and Japanese.
        separator = " " if ref_text[-1:].isascii() else ""
        numbers = tokenize(f"{ref_text}{separator}{chunk.text}", self._vocabulary, self._pinyin)
        tokens = torch.tensor(numbers, dtype=torch.long, device=self.device)
        # As upstream: more frames than tokens, so that no text is cut off.
        frames = max(reference.shape[0] + chunk.frames, len(numbers) + 1)
        noise = draw_noise(chunk.seed, frames, reference.shape[1])
        return SamplerInput(tokens, reference, frames, noise, chunk.sampling.cfg_strength)

    def _reference(self, chunk: Chunk) -> Tensor:
        """(ref_frames, 100) log mel of the reference, on the device; computed once for each voice."""
        import torch

        key = (chunk.ref_audio, chunk.ref_seconds)
        with self._lock:
            if key not in self._references:
                wave = torch.from_numpy(_read_reference(*key))
                self._references[key] = self._mel_spec(wave[None])[0].t().to(self.device)
            return self._references[key]


def tokenize(text: str, vocabulary: Mapping[str, int], pinyin: bool) -> list[int]:
    """The token numbers of a text, as upstream reads it.

    Args:
        text: the reference's text and the text to speak.
        vocabulary: the number of each token.
        pinyin: True: Chinese characters become pinyin syllables; False: each character is a token.

    Raises:
        ValueError: the vocabulary lacks a token, which upstream would replace by a space. The front end checks single
            characters, but the pinyin of a character depends on its context.
    """
    prepare_imports()
    from f5_tts.model.utils import convert_char_to_pinyin

    tokens = convert_char_to_pinyin([text])[0] if pinyin else list(text)
    if lacking := [token for token in dict.fromkeys(tokens) if token not in vocabulary]:
        raise ValueError(f"the model's vocabulary lacks {', '.join(map(repr, lacking))}, read from {text!r}")
    return [vocabulary[token] for token in tokens]


def _read_reference(path: str, seconds: float) -> np.ndarray:
    """The first ``seconds`` of a reference, (n,) float32; if quieter than ``TARGET_RMS``, raised to that level.

    Raises:
        ValueError: the recording is not 24 kHz mono.
    """
    samples, rate = soundfile.read(path, frames=round(seconds * SAMPLE_RATE), dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path} is not a mono recording of {SAMPLE_RATE} Hz")
    rms = float(np.sqrt(np.mean(np.square(samples))))
    return samples * np.float32(max(1.0, TARGET_RMS / max(rms, 1e-5)))
