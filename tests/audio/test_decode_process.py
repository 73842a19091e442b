"""Decoding in a process of its own: the same samples, and a reason for a file that makes the decoder fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio import decode_process
from f5_pipeline.audio.decode import Undecodable, decode
from f5_pipeline.audio.decode_process import decode_apart


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.flac"
    soundfile.write(path, 0.1 * np.sin(np.arange(48_000) / 20), 24_000)
    return path


def test_the_samples_are_those_of_decode(recording: Path) -> None:
    here, apart = decode(recording, 1.5), decode_apart(recording, 1.5)
    np.testing.assert_array_equal(here.samples, apart.samples)
    assert (here.sample_rate, here.seconds) == (apart.sample_rate, apart.seconds)


def test_a_file_that_is_no_recording_has_the_reason_of_decode(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"not audio")
    with pytest.raises(Undecodable) as here:
        decode(path, 1.0)
    with pytest.raises(Undecodable) as apart:
        decode_apart(path, 1.0)
    assert str(apart.value) == str(here.value)


def test_limits_of_time_and_memory(recording: Path) -> None:
    with pytest.raises(Undecodable, match=r"takes more than 0\.01 s"):
        decode_apart(recording, 1.0, max_seconds=0.01)
    with pytest.raises(Undecodable, match="the decoder failed on it"):
        decode_apart(recording, 1.0, max_bytes=2**20)


def test_a_crash_of_the_decoder_is_a_reason(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_process, "__name__", "tests.audio.crashing_decoder")
    with pytest.raises(Undecodable, match=r"failed on it \(exit code -11\); export it again"):
        decode_apart(recording, 1.0)
