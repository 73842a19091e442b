"""Every format: independent readers decode the files and find the encoded audio and the requested properties."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.encode import encode, open_writer, resample
from f5_pipeline.audio.formats import FORMATS, Encoding, default_sample_rate
from f5_pipeline.audio.samples import Samples
from f5_pipeline.errors import BadEncoding, EncoderMissing
from tests.audio.ffmpeg import audio_stream

RATE = 24_000
#: An encoding of each format at its default sample rate, and of each other codec.
ENCODINGS = {name: Encoding(name, default_sample_rate(name, "pcm")) for name in FORMATS} | {
    f"{name} {codec}": Encoding(name, 8_000, codec=codec) for name in ("wav", "au") for codec in ("ulaw", "alaw")
}
#: What ffmpeg has to be told about a file without a header.
RAW = {
    "ulaw": ("mulaw", {"sample_rate": "8000"}),
    "alaw": ("alaw", {"sample_rate": "8000"}),
    "sln": ("s16le", {"sample_rate": "8000"}),
}


def decode(data: bytes, format: str = "") -> tuple[Samples, int]:
    """Mono samples and sample rate by PyAV: neither our own code nor libsndfile."""
    import av

    demuxer, options = RAW.get(format, (None, {}))
    with av.open(io.BytesIO(data), format=demuxer, options=options) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        blocks = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([block.to_ndarray()[0] for block in blocks]), blocks[0].sample_rate


def correlation(a: Samples, b: Samples) -> float:
    """The maximum correlation of two recordings over all shifts, since encoders add delay."""
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return float(np.abs(cross).max() / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_format_decodes_to_the_encoded_speech(name: str, speech: Samples) -> None:
    samples, rate = decode(encode(speech, RATE, ENCODINGS[name]), name)
    original = resample(speech, RATE, rate)
    assert correlation(samples, original) > 0.98
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


def test_bit_depth_and_channels_are_as_requested(speech: Samples) -> None:
    with soundfile.SoundFile(io.BytesIO(encode(speech, RATE, Encoding("wav", channels=2, bit_depth=24)))) as file:
        both = file.read(dtype="float32")
        assert (file.subtype, file.channels) == ("PCM_24", 2)
    assert np.array_equal(both[:, 0], both[:, 1])


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap_around() -> None:
    loud = np.array([1.5, -1.5, 0.5], dtype=np.float32)
    stored, _ = soundfile.read(io.BytesIO(encode(loud, RATE, Encoding("wav"))), dtype="int16")
    assert stored.tolist() == [32_767, -32_768, 16_384]


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_file_written_in_blocks_is_as_long_as_one_written_at_once(name: str, speech: Samples) -> None:
    target, encoding = io.BytesIO(), ENCODINGS[name]
    with open_writer(target, encoding) as writer:
        for start in range(0, len(speech), 7_001):
            writer.write(speech[start : start + 7_001])
    samples, _ = decode(target.getvalue(), name)
    at_once, _ = decode(encode(speech, encoding.sample_rate, encoding), name)
    assert abs(len(samples) - len(at_once)) <= 1


@pytest.mark.parametrize("format", FORMATS)
def test_every_encoder_handles_a_minute_of_audio(format: str, speech: Samples) -> None:
    minute = np.resize(speech, 60 * RATE)
    samples, rate = decode(encode(minute, RATE, ENCODINGS[format]), format)
    assert len(samples) / rate == pytest.approx(60, abs=0.12)


PROBED = [
    # encoding, codec, rate, bits a sample, kbit/s
    (Encoding("wav"), "pcm_s16le", 24_000, 16, 384),
    (Encoding("wav", 8_000, bit_depth=16), "pcm_s16le", 8_000, 16, 128),
    (Encoding("wav", 48_000, 2, 24), "pcm_s24le", 48_000, 24, 2_304),
    (Encoding("wav", 44_100, bit_depth=32), "pcm_f32le", 44_100, 32, 1_411),
    (Encoding("wav", 8_000, codec="ulaw"), "pcm_mulaw", 8_000, 8, 64),
    (Encoding("wav", 16_000, 2, codec="alaw"), "pcm_alaw", 16_000, 8, 256),
    (Encoding("au", 8_000, codec="ulaw"), "pcm_mulaw", 8_000, 8, 64),
    (Encoding("au", 24_000, bit_depth=24), "pcm_s24be", 24_000, 24, 576),
    (Encoding("flac", 48_000, 2), "flac", 48_000, 16, None),
    (Encoding("flac", 24_000, bit_depth=24), "flac", 24_000, 24, None),
    (Encoding("mp3"), "mp3", 24_000, None, None),
    (Encoding("mp3", 8_000, bitrate_kbps=8), "mp3", 8_000, None, 8),
    (Encoding("mp3", 22_050, bitrate_kbps=64), "mp3", 22_050, None, 64),
    (Encoding("mp3", 44_100, 2, bitrate_kbps=192), "mp3", 44_100, None, 192),
    (Encoding("mp3", 48_000, bitrate_kbps=320), "mp3", 48_000, None, 320),
    (Encoding("opus", 48_000, 2), "opus", 48_000, None, None),
    (Encoding("opus", 24_000, bitrate_kbps=32), "opus", 48_000, None, 32),  # Opus is always played at 48 kHz
    (Encoding("opus", 48_000, 2, bitrate_kbps=128), "opus", 48_000, None, 128),
    (Encoding("ogg", 44_100, 2), "vorbis", 44_100, None, None),
    (Encoding("m4a", 24_000, 2), "aac", 24_000, None, 128),
    (Encoding("m4a", 48_000, bitrate_kbps=96), "aac", 48_000, None, 96),
    (Encoding("m4a", 24_000, bitrate_kbps=32), "aac", 24_000, None, 32),
    (Encoding("m4b", 44_100), "aac", 44_100, None, 64),
]


@pytest.mark.parametrize(("encoding", "codec", "rate", "bits", "kbps"), PROBED)
def test_ffprobe_finds_the_requested_encoding(
    encoding: Encoding, codec: str, rate: int, bits: int | None, kbps: int | None, speech: Samples, tmp_path: Path
) -> None:
    path = tmp_path / f"clip.{encoding.format}"
    path.write_bytes(encode(np.tile(speech, 4), RATE, encoding))
    stream = audio_stream(path)
    assert (stream["codec_name"], int(stream["sample_rate"])) == (codec, rate)
    assert stream["channels"] == encoding.channels
    depth = stream.get("bits_per_raw_sample") or stream["bits_per_sample"]
    assert bits is None or int(depth) == bits
    if kbps is not None:
        seconds = 4 * len(speech) / RATE
        assert path.stat().st_size * 8 / seconds / 1000 == pytest.approx(kbps, rel=0.12)


@pytest.mark.parametrize(
    ("name", "least_db"), [("ulaw", 33), ("alaw", 33), ("wav ulaw", 33), ("au alaw", 33), ("sln", 60)]
)
def test_telephone_formats_have_the_quality_of_their_codec(name: str, least_db: float, speech: Samples) -> None:
    original = resample(speech, RATE, 8_000)
    data = encode(original, 8_000, ENCODINGS[name])
    samples, _ = decode(data, name)
    assert len(samples) == len(original)
    assert 10 * np.log10((original**2).sum() / ((samples - original) ** 2).sum()) > least_db
    bytes_per_sample = 2 if name == "sln" else 1
    assert len(data) - bytes_per_sample * len(original) == (0 if name in RAW else pytest.approx(45, abs=35))


def test_frequencies_above_the_telephone_band_do_not_become_others() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 5_000 * np.arange(RATE) / RATE).astype(np.float32)
    samples, _ = decode(encode(tone, RATE, ENCODINGS["sln"]), "sln")
    assert np.abs(samples[400:-400]).max() < 0.001


def test_floating_point_keeps_every_sample(speech: Samples) -> None:
    stored, _ = soundfile.read(io.BytesIO(encode(speech, RATE, Encoding("wav", bit_depth=32))), dtype="float32")
    assert np.array_equal(stored, speech)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "aiff"}, "known format"),
        ({"format": "opus", "sample_rate": 44_100}, "8000, 12000, 16000, 24000, 48000"),
        ({"format": "mp3", "sample_rate": 96_000}, "sample_rate of 96000"),
        ({"format": "wav", "sample_rate": 0}, "sample_rate of 0"),
        ({"format": "wav", "bit_depth": 12}, "16, 24, 32"),
        ({"format": "flac", "bit_depth": 32}, "16, 24"),
        ({"format": "mp3", "bit_depth": 16}, "bit_depth.*wav or flac or au"),
        ({"format": "wav", "channels": 6}, "6 channels"),
        ({"format": "ulaw"}, "sample_rate of 24000 Hz.*8000"),
        ({"format": "alaw", "sample_rate": 8_000, "channels": 2}, "2 channels.*Choose 1"),
        ({"format": "mp3", "codec": "ulaw"}, "codec 'ulaw'.*wav, au"),
        ({"format": "wav", "codec": "opus"}, "codec 'opus'.*Leave it out"),
        ({"format": "wav", "codec": "alaw", "bit_depth": 16}, "bit_depth.*8 bits"),
        ({"format": "sln", "sample_rate": 8_000, "bit_depth": 16}, "bit_depth"),
        ({"format": "wav", "bitrate_kbps": 64}, "mp3, opus, m4a"),
        ({"format": "ogg", "bitrate_kbps": 64}, "mp3, opus, m4a"),
        ({"format": "mp3", "bitrate_kbps": 320}, "at 24000 Hz.* 144, 160"),
        ({"format": "mp3", "bitrate_kbps": 100, "sample_rate": 48_000}, "96, 112, 128"),
        ({"format": "opus", "bitrate_kbps": 300}, "6 to 256"),
        ({"format": "opus", "bitrate_kbps": 8, "channels": 2}, "12 to 512"),
        ({"format": "m4a", "bitrate_kbps": 200}, "16 to 144"),
    ],
)
def test_an_impossible_encoding_is_refused_with_the_possible_values(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(BadEncoding, match=message):
        Encoding(**arguments)


def test_m4a_without_pyav_names_the_package_to_install(speech: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # its import fails
    with pytest.raises(EncoderMissing, match=r"f5-pipeline\[m4a\]"):
        encode(speech, RATE, Encoding("m4a"))
