"""Reference recordings as arrays: decode, condition, trim, measure. ``voices.checks`` judges the measures.

The level stays as recorded: the engine raises a quiet reference itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.recording_formats import CONTAINERS, MAX_CHANNELS, MAX_VALUES, SAMPLE_RATES
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.audio.silence import FLOOR_DB, Array, frame_powers, silent_frames, sounding_range
from f5_pipeline.audio.wav_length import with_true_length

_FRAME = SAMPLE_RATE // 100  # 10 ms
_BELOW_LOUDEST_DB = 40.0  # a frame this far below the loudest frame is not speech
_SILENCE_DB = -60.0  # dBFS; neither is a frame at or below this level
_LEADING, _TRAILING = 0.1, 0.2  # seconds of the recording's own silence to keep around the speech
_MIN_NOISE, _MAX_NOISE = 3e-4, 3e-3  # RMS of added silence: the models never saw the log-mels of digital silence


class Undecodable(Exception):
    """A file could not be decoded; the message is a clause for the user."""


@dataclass(frozen=True)
class Decoded:
    """The decoded beginning of a recording."""

    samples: Samples  # mono, at ``sample_rate``
    sample_rate: int  # Hz
    seconds: float  # length of the complete recording

    @property
    def complete(self) -> bool:
        """True if ``samples`` holds the complete recording."""
        return self.seconds <= len(self.samples) / self.sample_rate + 0.1


@dataclass(frozen=True)
class Measures:
    """Signal measures of a conditioned recording (24 kHz, mono)."""

    seconds: float
    speech_db: float  # dBFS, of the frames with speech
    noise_db: float  # dBFS, 10th percentile of the frames
    clipped_share: float  # of the samples, in runs at full scale
    end_db: float  # of the last 20 ms, relative to the speech

    @property
    def silent(self) -> bool:
        """True if no frame holds speech."""
        return self.speech_db < _SILENCE_DB


def decode(path: Path, limit: float) -> Decoded:
    """Decode the first ``limit`` seconds to mono, by soundfile or else by PyAV. The name of the file does not matter.

    Raises:
        Undecodable: neither can decode the file, or it has an impossible sample rate or number of channels.
    """
    import soundfile

    try:
        return _decode_with_soundfile(with_true_length(path), limit)
    except (soundfile.SoundFileError, OSError) as error:
        return _decode_with_av(path, limit, str(error))


def _decode_with_soundfile(source: Path | mmap, limit: float) -> Decoded:
    import soundfile

    with soundfile.SoundFile(source) as file:
        wanted = _frames_to_decode(file.samplerate, file.channels, limit)
        samples = file.read(wanted, dtype="float32", always_2d=True)
        length = file.frames if len(samples) == wanted else len(samples)  # a header may state too much
        return Decoded(_mono(samples), file.samplerate, length / file.samplerate)


def _decode_with_av(path: Path, limit: float, first_error: str) -> Decoded:
    try:
        import av
    except ImportError:
        raise Undecodable(
            "it cannot be decoded without PyAV (pip install 'f5-pipeline[m4a]'); or convert it to wav or flac"
        ) from None
    try:
        with path.open("rb") as file, av.open(file, options={"format_whitelist": ",".join(CONTAINERS)}) as opened:
            return _av_samples(opened, limit)
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error) or first_error
        raise Undecodable(f"it cannot be decoded ({reason}); export it again as wav or flac") from None


def _av_samples(opened: Any, limit: float) -> Decoded:
    import av

    stream = opened.streams.best("audio")
    if stream is None and opened.streams.video:
        raise Undecodable("it has no sound, only pictures; export the sound as wav or flac")
    if stream is None or stream.codec_context is None:
        raise ValueError("its codec is unknown")
    rate, channels = stream.rate, stream.layout.nb_channels
    wanted = _frames_to_decode(rate, channels, limit)
    resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=rate)
    blocks, count = [], 0
    for frame in opened.decode(stream):
        blocks += [part.to_ndarray().reshape(-1, channels) for part in resampler.resample(frame)]
        count += frame.samples
        if count >= wanted:
            break
    if not blocks:
        raise ValueError("it contains no audio")
    samples = np.concatenate(blocks)[:wanted].astype(np.float32, copy=False)
    stated = _stated_seconds(opened, stream) if count >= wanted else 0.0  # often an estimate: the samples are exact
    return Decoded(_mono(samples), rate, max(stated, len(samples) / rate))


def _stated_seconds(opened: Any, stream: Any) -> float:
    """The length of a recording according to its container; 0 if it does not say."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (opened.duration or 0) / 1_000_000


def _frames_to_decode(sample_rate: int, channels: int, limit: float) -> int:
    """Samples per channel to decode; refuses implausible values: a few bytes would decode to gigabytes."""
    lowest, highest = SAMPLE_RATES
    if not (lowest <= sample_rate <= highest and 1 <= channels <= MAX_CHANNELS):
        raise Undecodable(
            f"its sound is not supported (channels: {channels}, of at most {MAX_CHANNELS}; {sample_rate} Hz, "
            f"of {lowest} to {highest} Hz); export it again as wav or flac"
        )
    return min(int(limit * sample_rate), MAX_VALUES // channels)


def _mono(samples: npt.NDArray[np.float32]) -> Samples:
    """Mix [samples, channels] to mono: the mean, or the loudest channel if they cancel out (inverted polarity)."""
    if not len(samples):
        return np.zeros(0, np.float32)
    np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    mean = samples.mean(axis=1, dtype=np.float32)
    powers = np.einsum("ij,ij->j", samples, samples, dtype=np.float64) / len(samples)  # no copy of all channels
    return mean if (mean**2).mean() > 0.1 * powers.max() else np.ascontiguousarray(samples[:, int(powers.argmax())])


def condition(samples: Samples, sample_rate: int) -> Samples:
    """Resample [samples] to 24 kHz, remove DC, and scale peaks beyond full scale down. The level stays otherwise."""
    if sample_rate != SAMPLE_RATE:
        import soxr

        samples = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32) if len(samples) else samples
    peak = np.abs(samples).max(initial=0.0)
    return (samples / peak if peak > 1.0 else samples).astype(np.float32)


def trim_reference(samples: Samples) -> Samples:
    """Cut the silence before and after the speech, except for a margin. [samples] at 24 kHz."""
    first, last = sounding_range(_silent(_frame_levels(samples)))
    if first == last:
        return samples
    start = max(0, first * _FRAME - int(_LEADING * SAMPLE_RATE))
    return samples[start : last * _FRAME + int(_TRAILING * SAMPLE_RATE)]


def pad_end(samples: Samples, seconds: float) -> Samples:
    """Append quiet noise until ``seconds`` of silence follow the speech. The noise is the same for every call."""
    _, last = sounding_range(_silent(_frame_levels(samples)))
    present = len(samples) - last * _FRAME if last else 0
    missing = max(0, int(seconds * SAMPLE_RATE) - present)
    level = max(_MIN_NOISE, min(10 ** (measure(samples).noise_db / 20), _MAX_NOISE))
    noise = np.random.default_rng(24_000).standard_normal(missing, dtype=np.float32) * np.float32(level)
    return np.concatenate([samples, noise])


def measure(samples: Samples) -> Measures:
    """Measure a conditioned recording: [samples] at 24 kHz."""
    levels = _frame_levels(samples)
    full_scale = np.abs(samples) >= 0.999 * max(np.abs(samples).max(initial=0.0), 0.9)
    clipped = full_scale[1:] & full_scale[:-1]
    speech_db = _mean_db(levels[~_silent(levels)])
    return Measures(
        seconds=len(samples) / SAMPLE_RATE,
        speech_db=speech_db,
        noise_db=float(np.percentile(levels, 10)) if len(levels) else FLOOR_DB,
        clipped_share=float(clipped.mean()) if len(clipped) else 0.0,
        end_db=_mean_db(levels[-2:]) - speech_db,
    )


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Samples as 16-bit PCM, clipped to full scale."""
    return np.clip(np.round(samples * 32767.0), -32768, 32767).astype(np.int16)


def _frame_levels(samples: Samples) -> Array:
    """The level of each complete 10 ms in dBFS, at least -120, shape [frames]."""
    complete = samples[: len(samples) // _FRAME * _FRAME]
    return 10 * np.log10(frame_powers(complete, _FRAME) + 1e-12)


def _silent(levels: Array) -> npt.NDArray[np.bool_]:
    return silent_frames(levels, float(levels.max(initial=FLOOR_DB)), _BELOW_LOUDEST_DB, _SILENCE_DB)


def _mean_db(levels: Array) -> float:
    """The mean power of frames, in dB."""
    return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if len(levels) else FLOOR_DB
