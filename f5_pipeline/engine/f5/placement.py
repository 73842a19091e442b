"""``PlacedModel``: the network and the vocoder on a device, or on the CPU where the device cannot run them.

NVIDIA's GPUs and CPUs are tested. Any other device (a Mac's, Intel's or AMD's GPU) is tried out when the model is
loaded: it must have all operations, and compute what the CPU computes. An operation that it lacks for some lengths only
moves the model to the CPU when it is first needed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from f5_pipeline.engine.f5.attention import attend_each, choose_attention
from f5_pipeline.engine.f5.device import choose_precision, is_out_of_memory, is_proven
from f5_pipeline.engine.f5.packed import PackedDiT
from f5_pipeline.engine.f5.sampler import SamplerInput, draw_noise, sample, time_steps
from f5_pipeline.engine.f5.vocoder import decode
from f5_pipeline.models.spec import Sampling

if TYPE_CHECKING:
    from torch import Tensor, dtype
    from torch import device as Device

_log = logging.getLogger(__name__)

_LENGTHS = ((40, 64), (48, 48))  # frames: attention runs by sequence, or on all at once if the lengths are equal
_REFERENCE_FRAMES, _TOKENS, _MEL = 24, 20, 100
_STEPS, _SWAY, _GUIDANCE = 4, -1.0, 2.0
#: Relative L2 distance from the CPU in float32. A wrong kernel is off by tens of percent, bfloat16 by about 1 %.
_MAX_ERROR = 0.1
_LACKING = re.compile(r"not (currently |yet )?(implemented|supported)|(doesn't|does not) support|unsupported", re.I)


class PlacedModel:
    """The network and the vocoder, ready to synthesise.

    Args:
        transformer: upstream's backbone, float32, on the CPU; it is moved.
        vocoder: a ``vocos.Vocos``, float32, on the CPU; it is moved.
        on: the device to use.
        precision: as ``F5_PRECISION``.
        attention: the package that the environment check found to work, "torch" or "flash_attn".
    """

    def __init__(self, transformer: Any, vocoder: Any, on: Device, precision: str, attention: str) -> None:
        self._transformer, self._vocoder = transformer, vocoder
        self._precision, self._attention = precision, attention
        self._wanted, self._refusal = on, ""
        trial = None if is_proven(on) else _Trial(transformer, vocoder)
        try:
            self._place(on)
            if trial is not None:
                trial.check(self.model, self._vocoder)
        except Exception as error:
            if trial is None or is_out_of_memory(error):
                raise
            self._move_to_cpu(error)

    @property
    def device(self) -> Device:
        """Where the model is."""
        return self.model.device

    @property
    def placement(self) -> str:
        """The device, for people; the CPU with the reason why it is not the one that was asked for."""
        return f"{self.device}, because {self._refusal}" if self._refusal else str(self.device)

    @property
    def precision(self) -> dtype:
        """The number format of its matrix products."""
        return self.model.compute

    def synthesize(self, sampling: Sampling, inputs: Sequence[SamplerInput]) -> list[np.ndarray]:
        """The waveform (n,) float32, 24 kHz, of each input, without its reference; all in one batch."""
        try:
            return self._synthesize(sampling, inputs)
        except Exception as error:
            if is_proven(self.device) or not lacks_operation(error):
                raise
            self._move_to_cpu(error)
        return self._synthesize(sampling, inputs)

    def _synthesize(self, sampling: Sampling, inputs: Sequence[SamplerInput]) -> list[np.ndarray]:
        import torch

        with torch.inference_mode():
            times = time_steps(sampling.nfe_step, sampling.sway_sampling_coef, self.device, sampling.solver)
            mels = sample(self.model, [_moved(one, self.device) for one in inputs], times, sampling.solver)
            generated = [mel[one.reference.shape[0] :] for mel, one in zip(mels, inputs, strict=True)]
            return [waveform.float().cpu().numpy() for waveform in decode(self._vocoder, generated)]

    def _place(self, on: Device) -> None:
        precision = choose_precision(self._precision, on)
        transformer = self._transformer.to(on)
        attn = transformer.transformer_blocks[0].attn
        attend = choose_attention(self._attention, on, precision.itemsize == 2, attn.inner_dim // attn.heads)
        self.model = PackedDiT(transformer, precision, attend)
        self._vocoder = self._vocoder.to(on)

    def _move_to_cpu(self, error: Exception) -> None:
        import torch

        why = _sentence(error)
        self._refusal = f"the device {self._wanted} cannot run the model: {why}"
        _log.warning("The model runs on the CPU, because the device %s cannot run it: %s", self._wanted, why)
        self._place(torch.device("cpu"))


class WrongResult(Exception):
    """A device computes something else than the CPU."""


class _Trial:
    """What the CPU computes for a few short inputs, to compare another device with.

    Made before the modules move to that device.
    """

    def __init__(self, transformer: Any, vocoder: Any) -> None:
        import torch

        model = PackedDiT(transformer, torch.float32, attend_each)
        vocabulary = transformer.text_embed.text_embed.num_embeddings - 1
        self._batches = [[_trial_input(frames, seed, vocabulary) for seed, frames in enumerate(_LENGTHS[0])]]
        self._batches += [[_trial_input(frames, seed, vocabulary) for seed, frames in enumerate(_LENGTHS[1])]]
        self._mels = [_sampled(model, batch) for batch in self._batches]
        self._waveforms = [_decoded(vocoder, mels) for mels in self._mels]

    def check(self, model: PackedDiT, vocoder: Any) -> None:
        """Raises whatever the device raises, or ``WrongResult``."""
        for batch, expected in zip(self._batches, self._mels, strict=True):
            _compare("the network", _sampled(model, batch), expected)
        for mels, expected in zip(self._mels, self._waveforms, strict=True):
            _compare("the vocoder", _decoded(vocoder, [mel.to(model.device) for mel in mels]), expected)


def _trial_input(frames: int, seed: int, vocabulary: int) -> SamplerInput:
    import torch

    tokens = (torch.arange(_TOKENS) + seed) % vocabulary
    reference = draw_noise(seed + 100, _REFERENCE_FRAMES, _MEL)
    return SamplerInput(tokens, reference, frames, draw_noise(seed, frames, _MEL), _GUIDANCE)


def _sampled(model: PackedDiT, batch: Sequence[SamplerInput]) -> list[Tensor]:
    """The mels of a batch, copied to the CPU."""
    import torch

    with torch.inference_mode():
        times = time_steps(_STEPS, _SWAY, model.device)
        return [mel.cpu() for mel in sample(model, [_moved(one, model.device) for one in batch], times)]


def _decoded(vocoder: Any, mels: Sequence[Tensor]) -> list[Tensor]:
    import torch

    with torch.inference_mode():
        return [waveform.cpu() for waveform in decode(vocoder, mels)]


def _compare(what: str, results: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    for result, exact in zip(results, expected, strict=True):
        error = float((result.float() - exact).norm() / exact.norm())
        if not error <= _MAX_ERROR:  # true for NaN too
            raise WrongResult(f"{what} is off by {error:.2g} from the CPU, where {_MAX_ERROR:g} is allowed")


def _moved(one: SamplerInput, on: Device) -> SamplerInput:
    return replace(one, tokens=one.tokens.to(on), reference=one.reference.to(on))


def lacks_operation(error: Exception) -> bool:
    """True if torch has no implementation of an operation, or of its number format, for the device."""
    kind = isinstance(error, (RuntimeError, TypeError, ValueError))  # a NotImplementedError is a RuntimeError
    return isinstance(error, NotImplementedError) or (kind and _LACKING.search(str(error)) is not None)


def _sentence(error: Exception) -> str:
    """The first sentence of torch's message, which may go on about how to report it."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".")[:300] + "."
