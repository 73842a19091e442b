"""Recordings with known texts: people from the examples of f5_tts, and the demo voices."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest

PEOPLE = {
    "nature": ("basic/basic_ref_en.wav", "Some call me nature, others call me mother nature."),
    "town": ("multi/town.flac", "I am the town mouse, and this is how I speak to you now, my friend."),
}
DEMO = ("m1", "m3", "f2", "f5")


def recording(name: str) -> tuple[np.ndarray, str]:
    """Samples (float32, mono, 24 kHz, shape (n,)) and the spoken text."""
    if name in DEMO:
        voices = files("f5_pipeline.demo") / "voices"
        return _samples(str(voices / f"{name}.wav")), (voices / f"{name}.txt").read_text().strip()
    spec = importlib.util.find_spec("f5_tts")
    assert spec is not None
    assert spec.submodule_search_locations
    path, text = PEOPLE[name]
    return _samples(str(Path(next(iter(spec.submodule_search_locations))) / "infer" / "examples" / path)), text


def _samples(path: str) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE), dtype=np.float32)


def request(name: str, ref_text: str = "") -> TranscriptionRequest:
    """A request to transcribe a recording."""
    samples, text = recording(name)
    return TranscriptionRequest(samples, text, ref_text, "en")
