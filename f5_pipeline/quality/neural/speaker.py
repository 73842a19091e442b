"""Speaker encoder: windows of speech → unit vectors that are near each other for the same voice. numpy only.

The network of Resemblyzer with its weights (``ge2e/NOTICE.md``): 40 mel bands, three LSTM layers, a projection. It
costs 0.015 CPU seconds per second of speech, so no torch is loaded for it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from f5_pipeline.audio.silence import FLOOR_DB, decibels, frame_powers, silent_frames
from f5_pipeline.quality.neural.mel import HOP, Floats, mel_spectrogram

SIZE = 256  # of an embedding
_BANDS, _MEL_WINDOW = 40, 400
_FRAMES = 160  # of a window: 1.6 s
_STEP = 77  # frames from window to window: 1.3 windows per second, Resemblyzer's default
_LEAST_COVERED = 0.75  # of the last window, or it is left out
_LAYERS = 3
_LEVEL = 0.1  # RMS of the speech that is compared: the network reads power, not decibels
_SILENCE_DB, _FLOOR_DB = 40.0, -65.0  # below the loudest frame, and below full scale


class SpeakerEncoder:
    """Embeds speech, as ``VoiceEncoder.embed_utterance`` of Resemblyzer does."""

    def __init__(self) -> None:
        from safetensors.numpy import load_file

        weights = load_file(Path(__file__).parent / "ge2e/encoder.safetensors")
        self._weights = {name: value.astype(np.float32) for name, value in weights.items()}

    def embed(self, samples: Floats) -> Floats:
        """An embedding for each window of 1.6 s, one each 0.77 s; at least one. Shape [windows, 256], unit vectors.

        The embedding of the whole speech is their mean, scaled to unit length (``mean_embedding``).

        Args:
            samples: 16 kHz, shape (n,), from ``speech_only``; silence fills a window that reaches beyond its end.
        """
        starts = _window_starts(samples.size)
        padded = np.pad(samples, (0, max(0, (starts[-1] + _FRAMES) * HOP - samples.size)))
        frames = mel_spectrogram(padded, _MEL_WINDOW, _BANDS)
        return self._forward(np.stack([frames[start : start + _FRAMES] for start in starts]))

    def _forward(self, inputs: Floats) -> Floats:
        """Embeddings of windows. ``inputs``: shape [windows, frames, bands]."""
        for layer in range(_LAYERS):
            inputs = self._lstm(inputs, layer)
        projected = inputs[:, -1] @ self._weights["linear.weight"].T + self._weights["linear.bias"]
        embeddings = np.maximum(projected, 0)
        return np.asarray(embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9))

    def _lstm(self, inputs: Floats, layer: int) -> Floats:
        """One layer. Shapes [windows, frames, features] → [windows, frames, 256]."""
        weights = {name: self._weights[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh")}
        bias = self._weights[f"lstm.bias_ih_l{layer}"] + self._weights[f"lstm.bias_hh_l{layer}"]
        gates = inputs @ weights["weight_ih"].T + bias
        recurrent = np.ascontiguousarray(weights["weight_hh"].T)
        hidden = cell = np.zeros((len(inputs), SIZE), np.float32)
        outputs = np.empty((*inputs.shape[:2], SIZE), np.float32)
        for frame in range(inputs.shape[1]):
            let_in, forget, new, let_out = np.split(gates[:, frame] + hidden @ recurrent, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(let_in) * np.tanh(new)
            hidden = _sigmoid(let_out) * np.tanh(cell)
            outputs[:, frame] = hidden
        return outputs


def speech_only(samples: Floats) -> Floats:
    """Samples, 16 kHz, without their silent frames and at one level, so that both have no influence on an embedding."""
    powers = frame_powers(samples, HOP)
    levels = decibels(powers)
    silent = silent_frames(levels, float(levels.max(initial=FLOOR_DB)), _SILENCE_DB, _FLOOR_DB)
    sounding = np.pad(samples, (0, -samples.size % HOP)).reshape(-1, HOP)[~silent].ravel()
    return sounding * np.float32(_LEVEL / np.sqrt(powers[~silent].mean())) if sounding.size else samples


def mean_embedding(windows: Floats) -> Floats:
    """The embedding of speech from those of its windows, shapes [windows, 256] → (256,)."""
    mean = windows.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def _window_starts(samples: int) -> list[int]:
    """The first frame of each window, as ``VoiceEncoder.compute_partial_slices`` of Resemblyzer has them."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - _FRAMES + _STEP + 1), _STEP))
    covered = (samples - starts[-1] * HOP) / (_FRAMES * HOP)
    return starts[:-1] if covered < _LEAST_COVERED and len(starts) > 1 else starts


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * np.tanh(0.5 * values) + 0.5)
