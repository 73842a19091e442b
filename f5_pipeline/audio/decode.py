"""The audio of a voice as arrays: decoding, conditioning, measuring. What the numbers mean is in ``voice_checks``.

Loudness is left alone: the engine raises a quiet reference itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples

_FRAME = SAMPLE_RATE // 100  # 10 ms, the grain of all measures
_BELOW_SPEECH_DB = 40.0  # what is so much quieter than the loudest frame is no speech
_FLOOR_DB = -60.0  # dBFS; nor is this
_LEADING, _TRAILING = 0.1, 0.2  # seconds of the recording's own silence that are kept around the speech
_DITHER = 3e-4  # the least noise of added silence: log-mels of digital zeros are unlike anything the models know
_RATES, _CHANNELS = (4_000, 768_000), 64  # what a recording may have
_CONTAINERS = {"m4a": "mp4", "mp3": "mp3", "wav": "wav", "flac": "flac", "ogg": "ogg", "opus": "ogg"}


class Undecodable(Exception):
    """Why a file could not be decoded, as a clause for the user."""


@dataclass(frozen=True)
class Decoded:
    """The beginning of a recording."""

    samples: Samples  # mono, at ``sample_rate``
    sample_rate: int  # Hz
    seconds: float  # of the whole recording

    @property
    def whole(self) -> bool:
        """Whether ``samples`` is all of it."""
        return self.seconds <= len(self.samples) / self.sample_rate + 0.1


@dataclass(frozen=True)
class Measures:
    """What can be said of conditioned audio (24 kHz, mono) without listening."""

    seconds: float
    speech_db: float  # dBFS, of the frames with speech
    noise_db: float  # dBFS, of the quietest tenth of the frames
    clipped_share: float  # of the samples, in runs at full scale
    end_db: float  # of the last 20 ms, relative to the speech

    @property
    def silent(self) -> bool:
        return self.speech_db < _FLOOR_DB


def decode(path: Path, limit: float) -> Decoded:
    """Decode the first ``limit`` seconds to mono: soundfile where it can, else PyAV.

    Raises:
        Undecodable: neither can.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            _check(file.samplerate, file.channels)
            samples = file.read(int(limit * file.samplerate), dtype="float32", always_2d=True)
            return Decoded(_mono(samples), file.samplerate, max(file.frames, len(samples)) / file.samplerate)
    except (soundfile.SoundFileError, OSError) as error:
        return _decode_with_av(path, limit, str(error))


def _decode_with_av(path: Path, limit: float, first_error: str) -> Decoded:
    try:
        import av
    except ImportError:
        raise Undecodable(
            "it cannot be decoded without PyAV (pip install 'f5-pipeline[m4a]'); or convert it to wav or flac"
        ) from None
    # The container is given, never guessed: a playlist named voice.m4a must not make ffmpeg open other files.
    container = _CONTAINERS.get(path.suffix.lower().lstrip("."))
    try:
        with path.open("rb") as file, av.open(file, format=container) as opened:
            return _av_samples(opened, limit)
    except (av.FFmpegError, ValueError, IndexError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error) or first_error
        raise Undecodable(f"it cannot be decoded ({reason}); export it again as wav or flac") from None


def _av_samples(opened: Any, limit: float) -> Decoded:
    import av

    stream = opened.streams.audio[0]
    if stream.codec_context is None:
        raise ValueError("its codec is unknown")
    rate = stream.rate
    _check(rate, stream.layout.nb_channels)
    resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=rate)
    blocks, have = [], 0
    for frame in opened.decode(stream):
        blocks += [part.to_ndarray().reshape(-1, stream.layout.nb_channels) for part in resampler.resample(frame)]
        have += frame.samples
        if have >= limit * rate:
            break
    if not blocks:
        raise ValueError("no audio in it")
    samples = np.concatenate(blocks)[: int(limit * rate)].astype(np.float32)
    seconds = float(stream.duration * stream.time_base) if stream.duration else len(samples) / rate
    return Decoded(_mono(samples), rate, max(seconds, len(samples) / rate))


def _check(sample_rate: int, channels: int) -> None:
    """Refuse what no recording has: a forged header would make gigabytes of a few bytes."""
    if not (_RATES[0] <= sample_rate <= _RATES[1] and 1 <= channels <= _CHANNELS):
        raise Undecodable(f"it claims {channels} channels at {sample_rate} Hz; export it again as wav or flac")


def _mono(samples: npt.NDArray[np.float32]) -> Samples:
    """The mean of the channels; the loudest one where they cancel out (one wired the wrong way round)."""
    if not len(samples):
        return np.zeros(0, np.float32)
    samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    mean = samples.mean(axis=1, dtype=np.float32)
    powers = (samples**2).mean(axis=0)
    return mean if (mean**2).mean() > 0.1 * powers.max() else np.ascontiguousarray(samples[:, int(powers.argmax())])


def condition(samples: Samples, sample_rate: int) -> Samples:
    """To 24 kHz, without DC, within full scale. The level stays as it was recorded."""
    if sample_rate != SAMPLE_RATE:
        import soxr

        samples = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32) if len(samples) else samples
    peak = np.abs(samples).max(initial=0.0)
    return (samples / peak if peak > 1.0 else samples).astype(np.float32)


def trim(samples: Samples) -> Samples:
    """Without the silence before and after the speech, but for a little of the recording's own."""
    loud = np.flatnonzero(_speech_frames(samples))
    if not len(loud):
        return samples
    start = max(0, loud[0] * _FRAME - int(_LEADING * SAMPLE_RATE))
    return samples[start : (loud[-1] + 1) * _FRAME + int(_TRAILING * SAMPLE_RATE)]


def with_silence_at_end(samples: Samples, seconds: float) -> Samples:
    """Add quiet noise until so much silence follows the speech. The same noise every time."""
    loud = np.flatnonzero(_speech_frames(samples))
    have = (len(samples) - (loud[-1] + 1) * _FRAME) if len(loud) else 0
    missing = max(0, int(seconds * SAMPLE_RATE) - have)
    level = max(_DITHER, min(10 ** (measure(samples).noise_db / 20), 3e-3))
    noise = np.random.default_rng(24_000).standard_normal(missing, dtype=np.float32) * np.float32(level)
    return np.concatenate([samples, noise])


def measure(samples: Samples) -> Measures:
    levels = _frame_levels(samples)
    speech = levels[_speech_frames(samples)]
    run = np.abs(samples) >= 0.999 * max(np.abs(samples).max(initial=0.0), 0.9)
    clipped = run[1:] & run[:-1]
    speech_db = _mean_db(speech)
    return Measures(
        seconds=len(samples) / SAMPLE_RATE,
        speech_db=speech_db,
        noise_db=float(np.percentile(levels, 10)) if len(levels) else -120.0,
        clipped_share=float(clipped.mean()) if len(clipped) else 0.0,
        end_db=_mean_db(levels[-2:]) - speech_db,
    )


def _mean_db(levels: npt.NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if len(levels) else -120.0


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    return np.clip(np.round(samples * 32767.0), -32768, 32767).astype(np.int16)


def _frame_levels(samples: Samples) -> npt.NDArray[np.float64]:
    """dBFS of each 10 ms, at least -120."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    return 10 * np.log10((frames**2).mean(axis=1) + 1e-12)


def _speech_frames(samples: Samples) -> npt.NDArray[np.bool_]:
    levels = _frame_levels(samples)
    return levels > max(levels.max(initial=-120.0) - _BELOW_SPEECH_DB, _FLOOR_DB)
