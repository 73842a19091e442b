"""Decoding recordings: containers and codecs by ffmpeg, wrong names, wrong headers, and limits."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio import decode as decode_module
from f5_pipeline.audio.decode import Undecodable, decode
from f5_pipeline.audio.recording_formats import MAX_CHANNELS, MAX_VALUES, SAMPLE_RATES, SUFFIXES, decoded_seconds
from f5_pipeline.audio.samples import Samples
from tests.audio.ffmpeg import program

RATE = 24_000
Convert = Callable[..., Path]


@pytest.fixture
def convert(speech: Samples, tmp_path: Path) -> Convert:
    """A function that converts speech by ffmpeg's options to a file of a given name."""

    def call(name: str, *options: str) -> Path:
        source, path = tmp_path / "speech.wav", tmp_path / name
        soundfile.write(source, speech, RATE)
        command = [program("ffmpeg"), "-v", "error", "-y", "-i", str(source), *options, str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path

    return call


def likeness(path: Path, speech: Samples) -> float:
    """The correlation of the decoded file with the speech, over all shifts: encoders add delay."""
    decoded = decode(path, 60.0)
    resampled = np.interp(
        np.arange(len(speech)) / RATE, np.arange(len(decoded.samples)) / decoded.sample_rate, decoded.samples
    )
    size = 1 << (2 * len(speech)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(resampled, size) * np.conj(np.fft.rfft(speech, size)), size)
    return float(np.abs(cross).max() / (np.linalg.norm(resampled) * np.linalg.norm(speech)))


VIDEO = ("-f", "lavfi", "-i", "color=c=red:s=64x64:r=5:d=1", "-c:v", "mpeg4")
#: name of the file, ffmpeg's options
RECORDINGS = [
    ("phone.m4a", ("-c:a", "aac")),
    ("apple.m4a", ("-c:a", "alac")),
    ("film.mp4", (*VIDEO, "-c:a", "aac")),
    ("film.mov", (*VIDEO, "-c:a", "pcm_s16le")),
    ("film.mkv", (*VIDEO, "-c:a", "flac")),
    ("film.avi", (*VIDEO, "-c:a", "libmp3lame")),
    ("browser.webm", ("-c:a", "libopus")),
    ("stream.aac", ("-c:a", "aac")),
    ("old.wma", ("-c:a", "wmav2")),
    ("music.mka", ("-c:a", "libvorbis")),
    ("apple.aiff", ()),
    ("apple.caf", ()),
    ("unix.au", ("-c:a", "pcm_mulaw")),
    ("speex.spx", ("-c:a", "libspeex")),
    ("big.w64", ()),
    ("big.rf64", ("-f", "wav", "-rf64", "always")),
    ("old.wav", ("-c:a", "adpcm_ms")),
    ("mp3-inside.wav", ("-c:a", "libmp3lame")),
    ("float.wav", ("-c:a", "pcm_f64le")),
    # The name says one thing, the content another.
    ("ogg-named.mp3", ("-c:a", "libvorbis", "-f", "ogg")),
    ("aac-named.mp3", ("-c:a", "aac", "-f", "adts")),
    ("mp3-named.wav", ("-c:a", "libmp3lame", "-f", "mp3")),
    ("m4a-named.wav", ("-c:a", "aac", "-f", "ipod")),
    ("webm-named.m4a", ("-c:a", "libopus", "-f", "webm")),
    ("wav-named.flac", ("-f", "wav")),
]


@pytest.mark.parametrize(("name", "options"), RECORDINGS, ids=[name for name, _ in RECORDINGS])
def test_the_content_decides_how_a_recording_is_decoded(
    convert: Convert, speech: Samples, name: str, options: tuple[str, ...]
) -> None:
    path = convert(name, *options)
    assert path.suffix[1:] in SUFFIXES
    assert likeness(path, speech) > 0.85
    decoded = decode(path, 60.0)
    assert decoded.complete
    assert decoded.seconds == pytest.approx(len(speech) / RATE, abs=0.15)


@pytest.mark.parametrize("format", ["flac", "webm", "wav", "caf"])
def test_a_stream_without_a_length_is_read_to_its_end(convert: Convert, speech: Samples, format: str) -> None:
    source = convert("source.wav")
    codec = ("-c:a", "libopus") if format == "webm" else ()
    command = [program("ffmpeg"), "-v", "error", "-i", str(source), *codec, "-f", format, "pipe:"]
    path = source.with_name("piped")
    path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    assert likeness(path, speech) > 0.9
    assert decode(path, 60.0).seconds == pytest.approx(len(speech) / RATE, abs=0.1)


def test_a_film_without_sound_is_refused(convert: Convert) -> None:
    path = convert("silent.mp4", *VIDEO, "-map", "1:v")
    with pytest.raises(Undecodable, match="no sound"):
        decode(path, 60.0)


# --- wrong headers --------------------------------------------------------------------------------------------

SOUND = (np.sin(np.arange(RATE) / 9) * 9_000).astype("<i2")
_ID3 = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)
_LIST = b"LIST" + struct.pack("<I", 6_000) + b"INFO" + bytes(5_996)


def wav(stated: int | None = None, riff: int | None = None, before: bytes = b"", after: bytes = b"") -> bytes:
    """A second of sound as a 16-bit WAV file with a data chunk of ``stated`` bytes, and other bytes around it."""
    sound = SOUND.tobytes()
    format = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = b"data" + struct.pack("<I", len(sound) if stated is None else stated) + sound
    body = b"WAVE" + format + data + after
    return before + b"RIFF" + struct.pack("<I", len(body) if riff is None else riff) + body


@pytest.mark.parametrize(
    ("content", "samples"),
    [
        (wav(), RATE),
        (wav(stated=0, riff=0), RATE),
        (wav(stated=0), RATE),
        (wav(stated=0xFFFFFFFF, riff=0xFFFFFFFF), RATE),
        (wav(stated=10 * 2 * RATE), RATE),
        (wav(stated=RATE // 2), RATE),  # a header of an earlier moment
        (wav(before=_ID3), RATE),
        (wav(after=_LIST), RATE),  # a chunk after the samples is no sound
        (wav(after=b"TAG" + bytes(125)), RATE),  # neither is the tag of another program
        (wav()[: 44 + RATE], RATE // 2),  # cut off: what is there
    ],
)
def test_a_wav_file_is_read_to_the_end_of_its_samples(tmp_path: Path, content: bytes, samples: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    decoded = decode(path, 60.0)
    assert np.array_equal(np.round(decoded.samples * 32_768).astype("<i2"), SOUND[:samples])
    assert decoded.seconds == samples / RATE
    assert path.read_bytes() == content


# --- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (3_000_000, 1), (RATE, MAX_CHANNELS + 1)])
def test_impossible_rates_and_channels_are_refused(tmp_path: Path, rate: int, channels: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((10, channels)), rate)
    with pytest.raises(Undecodable, match=f"channels: {channels}, .* {rate} Hz"):
        decode(tmp_path / "a.wav", 60.0)


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_the_number_of_decoded_samples_is_limited(
    convert: Convert, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = convert(f"a.{suffix}", "-ac", "2")
    monkeypatch.setattr(decode_module, "MAX_VALUES", 20_000)
    decoded = decode(path, 60.0)
    assert (len(decoded.samples), decoded.complete) == (10_000, False)


def test_every_possible_reference_is_within_the_limit() -> None:
    assert MAX_VALUES / MAX_CHANNELS / SAMPLE_RATES[1] > 12
    assert (decoded_seconds(8), decoded_seconds(30)) == (60, 90)
