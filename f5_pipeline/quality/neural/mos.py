"""Mean opinion score (MOS): how good speech sounds, from 1 (bad) to 5 (excellent), as DNSMOS predicts it.

Of the networks in the wheel of ``speechmos``, this is the one for the overall quality of speech by ITU-T P.808 (Reddy
et al. 2021, https://arxiv.org/abs/2010.15258): 0.2 MB, 0.014 CPU seconds per clip of up to 9 s. The other one costs 26
times as much, and ``speechmos.dnsmos`` starts a thread per core and computes a window per second.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import NetworksFailed
from f5_pipeline.quality.child_process import NO_TELEMETRY
from f5_pipeline.quality.neural.mel import HOP, RATE, Floats, mel_spectrogram, resampled
from f5_pipeline.voices.voice import Voice

_FRAMES, _BANDS, _MEL_WINDOW = 900, 120, 321
_SAMPLES = round(9.01 * RATE) - HOP  # of a window
_RANGE_DB = 80.0  # below the loudest band, as in ``librosa.power_to_db``
_SHIFT, _SCALE = 40.0, 40.0

_log = logging.getLogger(__name__)


def mos_model() -> Path | None:
    """The file of the network; None if ``speechmos`` or ``onnxruntime`` is not installed. Imports neither."""
    spec = find_spec("speechmos")
    if spec is None or not spec.submodule_search_locations or find_spec("onnxruntime") is None:
        return None
    model = Path(spec.submodule_search_locations[0]) / "dnsmos_models" / "model_v8.onnx"
    return model if model.is_file() else None


def recordings_mos(voices: Iterable[Voice]) -> Mapping[str, float]:
    """The MOS of prepared recordings, by the names of their voices; none of unusable ones, and none without the extra.

    If the extra is broken, the log says so.
    """
    import soundfile

    if (model := mos_model()) is None:
        return {}
    try:
        predictor, found = MosPredictor(model), dict[str, float]()
    except NetworksFailed as error:
        _log.warning("%s", error)
        return {}
    for voice in voices:
        if voice.usable:
            samples = soundfile.read(voice.audio, frames=round(voice.speech_seconds * SAMPLE_RATE), dtype="float32")[0]
            found[voice.name] = round(predictor.predict(resampled(samples)), 2)
    return found


class MosPredictor:
    """Predicts the MOS of speech, on one thread."""

    def __init__(self, model: Path) -> None:
        """Load the network.

        Raises:
            NetworksFailed: ``onnxruntime`` is broken, or the file is.
        """
        try:
            os.environ.update({**NO_TELEMETRY, **os.environ})
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own errors have no common class  # noqa: BLE001
            raise NetworksFailed(f"they cannot be loaded ({type(error).__name__}: {error})") from None

    def predict(self, samples: Floats) -> float:
        """The MOS of speech: the mean over windows of 9 s; shorter speech is repeated until it fills one.

        Args:
            samples: 16 kHz, shape (n,); none at all counts as silence.
        """
        samples = samples if samples.size else np.zeros(1, np.float32)
        repeated = np.tile(samples, -(-_SAMPLES // samples.size)) if samples.size < _SAMPLES else samples
        starts = range(0, repeated.size - _SAMPLES + 1, _SAMPLES)
        features = np.stack([_features(repeated[start : start + _SAMPLES]) for start in starts])
        return float(self._session.run(None, {"input_1": features})[0].mean())


def _features(samples: Floats) -> Floats:
    """Mel bands in dB below the loudest, shape [900, 120]."""
    power = mel_spectrogram(samples, _MEL_WINDOW, _BANDS)[:_FRAMES]
    decibels = 10 * np.log10(np.maximum(power, 1e-10) / max(float(power.max()), 1e-10))
    return np.asarray((np.maximum(decibels, -_RANGE_DB) + _SHIFT) / _SCALE, np.float32)
