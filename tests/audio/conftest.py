"""Real speech for the audio tests: the voices of the demo."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples


@pytest.fixture(scope="session")
def voices() -> dict[str, Samples]:
    """The demo voices, name → samples at 24 kHz."""
    folder = files("f5_pipeline") / "demo" / "voices"
    found = {}
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if path.name.endswith(".wav"):
            samples, rate = soundfile.read(str(path), dtype="float32")
            assert rate == SAMPLE_RATE
            found[path.name.removesuffix(".wav")] = np.asarray(samples, dtype=np.float32)
    assert len(found) >= 3
    return found


@pytest.fixture(scope="session")
def speech(voices: dict[str, Samples]) -> Samples:
    """One recording of about three seconds."""
    return next(iter(voices.values()))
