"""flite, and its voices from recordings that CMU has put in the open: slt (f), rms (m), awb (m, Scottish).

flite prints the end of each phoneme but not where words begin. Each word has as many phonemes as when it is spoken
alone; a text in which these do not add up is left out.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from training.recipe import Speaker
from training.teachers.protocol import LEVEL, OWN_RATE, PAUSE, Samples, Speech

_SEGMENT = re.compile(r"(\S+?)(?::([\d.]+))?(?:\s|$)")
_SILENCE = "pau"


class FliteTeacher:
    """Implements ``Teacher`` with the program ``flite``, once for each text."""

    has_pitch = False

    def phonemes(self, text: str, speaker: Speaker) -> list[str]:
        return [name for word in text.split(" ") for name in _alone(speaker.voice, word)]

    def speak(self, text: str, speaker: Speaker, words_per_minute: int, pitch: int = 0) -> Speech | None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            stretch = f"duration_stretch={OWN_RATE / words_per_minute:.3f}"
            printed = _flite("-voice", speaker.voice, "-t", text, "-psdur", "--setf", stretch, "-o", str(path))
            samples = _samples(path)
        segments = [(name, float(end)) for name, end in _SEGMENT.findall(printed)]
        starts = [0.0, *(end for _, end in segments)][:-1]
        spoken = [start for start, (name, _) in zip(starts, segments, strict=True) if name != _SILENCE]
        counts = [len(_alone(speaker.voice, word)) for word in text.split(" ")]
        if sum(counts) != len(spoken) or not all(counts):
            return None
        begins = [spoken[at] for at in np.cumsum([0, *counts])[:-1]]
        characters = [0, *(index + 1 for index, character in enumerate(text) if character == " ")]
        names = [PAUSE if name == _SILENCE else name for name, _ in segments]
        return Speech(samples, tuple(zip(characters, begins, strict=True)), tuple(zip(starts, names, strict=True)))


@cache
def _alone(voice: str, word: str) -> tuple[str, ...]:
    """The phonemes of a word spoken alone."""
    printed = _flite("-voice", voice, "-t", word, "-ps", "-o", "none")
    return tuple(name for name, _ in _SEGMENT.findall(printed) if name != _SILENCE)


def _flite(*arguments: str) -> str:
    return subprocess.run(["flite", *arguments], capture_output=True, text=True, check=True).stdout


def _samples(path: Path) -> Samples:
    """(n,) float32, 24 kHz, at F5's level."""
    import soundfile
    from soxr import resample

    samples, rate = soundfile.read(path, dtype="float32")
    samples = np.asarray(resample(samples, rate, SAMPLE_RATE), np.float32)
    return samples * np.float32(LEVEL / max(1e-6, float(np.sqrt(np.mean(samples**2)))))
