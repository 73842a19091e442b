"""Every format is written, opened again by an independent reader, and sounds like what went in."""

from __future__ import annotations

import builtins
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.delivery.encode import FORMATS, Encoding, Samples, encode, open_writer, resample
from f5_pipeline.errors import BadEncoding, EncoderMissing
from tests.delivery.conftest import RATE

CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "mp3", "opus": "opus", "ogg": "vorbis", "m4a": "aac"}


def decode(data: bytes) -> tuple[Samples, int]:
    """Mono samples and sample rate, by PyAV: none of our own code, and not libsndfile either."""
    import av

    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        pieces = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces]), pieces[0].sample_rate


def likeness(a: Samples, b: Samples) -> float:
    """The best correlation of two recordings over a small shift (encoders delay)."""
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return float(np.abs(cross).max() / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_of_every_format_sounds_like_the_speech_that_went_in(format: str, speech: Samples) -> None:
    samples, rate = decode(encode(speech, RATE, Encoding(format)))
    wanted = resample(speech, RATE, rate)
    assert likeness(samples, wanted) > 0.98
    assert abs(len(samples) / rate - len(speech) / RATE) < 0.12


@pytest.mark.parametrize(("format", "rate"), [("wav", 48_000), ("flac", 16_000), ("mp3", 44_100), ("opus", 48_000)])
def test_another_sample_rate_keeps_the_duration(format: str, rate: int, speech: Samples) -> None:
    with soundfile.SoundFile(io.BytesIO(encode(speech, RATE, Encoding(format, rate)))) as file:
        assert file.samplerate == rate
        assert file.frames / rate == pytest.approx(len(speech) / RATE, abs=0.06)


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_lossless_formats_keep_every_16_bit_sample(format: str, speech: Samples) -> None:
    data = encode(speech, RATE, Encoding(format))
    stored, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    assert np.array_equal(stored, np.round(speech * 32_768).astype(np.int16))


def test_bit_depth_and_channels_are_as_asked(speech: Samples) -> None:
    with soundfile.SoundFile(io.BytesIO(encode(speech, RATE, Encoding("wav", channels=2, bit_depth=24)))) as file:
        both = file.read(dtype="float32")
        assert (file.subtype, file.channels) == ("PCM_24", 2)
    assert np.array_equal(both[:, 0], both[:, 1])


def test_samples_beyond_full_scale_are_held_there_and_do_not_wrap_around() -> None:
    loud = np.array([1.5, -1.5, 0.5], dtype=np.float32)
    stored, _ = soundfile.read(io.BytesIO(encode(loud, RATE, Encoding("wav"))), dtype="int16")
    assert stored.tolist() == [32_767, -32_768, 16_384]


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_written_in_pieces_is_as_long_as_one_written_at_once(format: str, speech: Samples) -> None:
    target = io.BytesIO()
    with open_writer(target, Encoding(format)) as writer:
        for start in range(0, len(speech), 7_001):
            writer.write(speech[start : start + 7_001])
    samples, _ = decode(target.getvalue())
    at_once, _ = decode(encode(speech, RATE, Encoding(format)))
    assert abs(len(samples) - len(at_once)) <= 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_minute_of_audio_survives_every_encoder(format: str, speech: Samples) -> None:
    minute = np.resize(speech, 60 * RATE)
    samples, rate = decode(encode(minute, RATE, Encoding(format)))
    assert len(samples) / rate == pytest.approx(60, abs=0.12)


@pytest.mark.parametrize("format", FORMATS)
def test_ffprobe_names_the_codec(format: str, speech: Samples, tmp_path: Path) -> None:
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        assert not os.environ.get("CI"), "ffprobe is missing"
        pytest.skip("ffprobe is not installed")
    path = tmp_path / f"clip.{format}"
    path.write_bytes(encode(speech, RATE, Encoding(format)))
    command = [ffprobe, "-v", "error", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (stream,) = json.loads(done.stdout)["streams"]
    assert (stream["codec_name"], done.stderr) == (CODECS[format], "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"format": "aiff"}, "known format"),
        ({"format": "opus", "sample_rate": 44_100}, "8000, 12000, 16000, 24000, 48000"),
        ({"format": "mp3", "sample_rate": 96_000}, "sample_rate of 96000"),
        ({"format": "wav", "sample_rate": 0}, "sample_rate of 0"),
        ({"format": "wav", "bit_depth": 12}, "12 bits"),
        ({"format": "wav", "channels": 6}, "6 channels"),
    ],
)
def test_an_impossible_encoding_is_refused_with_what_is_possible(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(BadEncoding, match=said):
        Encoding(**arguments)


def test_m4a_without_pyav_says_what_to_install(speech: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_av(name: str, *rest: Any, **options: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without_av)
    with pytest.raises(EncoderMissing, match=r"f5-pipeline\[m4a\]"):
        encode(speech, RATE, Encoding("m4a"))
