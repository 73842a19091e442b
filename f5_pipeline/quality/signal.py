"""Signal measures of a clip and the verdict on them. Cheap enough for every clip; numpy only.

The measures find silence, gaps, clipping, noise, drones, truncation, repetition and a duration that does not fit the
text. They cannot find wrong words: see ``asr``. ``audio.spectra`` computes the levels and bands that they use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.silence import FLOOR_DB, Array, Flags, decibels, silent_frames
from f5_pipeline.audio.spectra import HOP_SECONDS, Spectra, levels_of, spectra_of
from f5_pipeline.quality.thresholds import Thresholds

_BELOW_LOUD_DB = 40.0  # silence is quieter than the loud parts by this much …
_SILENCE_DB = -65.0  # … or quieter than this, however quiet the loud parts are
_SILENT_PENALTY = 1_000.0  # more than any excess over thresholds: a line with a silent chunk is the worst take
_FULL_SCALE = 0.999
_NOISE_FLATNESS = 0.5  # spectral flatness over 50 ms: voices have 0.01 … 0.3, sibilants briefly more
_STEADY_SMOOTH, _STEADY_WINDOW = 8, 40  # frames
_STEADY_DB = 3.0  # band variation over 0.4 s: speech 4 … 15, noise or hum 0.5 … 1, speech in equally loud noise 2
_STEADY_BELOW_DB = 20.0  # a hum this far below the speech is ignored as background
_REPEAT_LAGS = (0.2, 1.2)  # seconds: from a short word to a phrase
_REPEAT_SMOOTH = 3  # frames
_REPEAT_SOUNDING = 0.6  # least share of non-silent frames in a repetition
_REPEAT_CELLS = 500_000  # frames × lags per step: all of a short clip; bounds the memory for an hour of audio


@dataclass(frozen=True)
class QualityMeasures:
    """Measures of one clip, all finite. Measures in ``_db`` are relative to full scale unless noted."""

    level_db: float  # RMS of the non-silent frames
    peak_db: float
    clipped_share: float  # share of the samples at full scale
    silence_share: float  # share of the duration
    longest_gap_seconds: float  # longest silence between sounds
    lead_silence_seconds: float
    tail_silence_seconds: float
    duration_ratio: float  # first to last sound over the expected duration; 1 if that is unknown
    chars_per_second: float  # letters and digits over the time from first to last sound
    noise_floor_db: float  # quietest tenth between first and last sound, relative to ``level_db``
    end_db: float  # last 10 ms, relative to ``level_db``; high if the clip is truncated
    noise_seconds: float  # longest stretch with the flat spectrum of noise
    steady_seconds: float  # longest unchanging sound: noise of any colour, a hum, a drone
    repeat_score: float  # 0 … 1: similarity of two consecutive stretches; 0 if the text repeats itself


@dataclass(frozen=True)
class Verdict:
    """``ok``, ``suspect`` (a person should listen to the clip) or ``failed`` (the clip is silent), with reasons."""

    status: Literal["ok", "suspect", "failed"]
    reasons: tuple[str, ...] = ()  # clauses: "a gap of 1.8 s"
    penalty: float = 0.0  # total excess over the thresholds; the best take has the lowest

    @property
    def reason(self) -> str:
        """All reasons as one sentence."""
        return "; ".join(self.reasons)


def measure(samples: np.ndarray, sample_rate: int, expected_seconds: float, text: str) -> QualityMeasures:
    """Measure a clip.

    Args:
        samples: float, mono, shape (n,), nominally within -1 … 1; NaN and infinity count as full scale.
        sample_rate: Hz.
        expected_seconds: the expected duration of the clip; 0: unknown.
        text: the spoken text.
    """
    samples = np.nan_to_num(np.asarray(samples, dtype=np.float32), nan=1.0, posinf=1.0, neginf=-1.0)
    levels = levels_of(samples, sample_rate)
    silent = _silent(levels)
    first, last = _range(~silent)
    span = (last - first) * HOP_SECONDS
    level = _mean_db(levels[~silent])
    spectra = spectra_of(samples, sample_rate)
    audible = levels > level - _STEADY_BELOW_DB
    return QualityMeasures(
        level_db=level,
        peak_db=float(decibels(np.square(np.abs(samples).max(initial=0.0), dtype=np.float64))),
        clipped_share=float(np.mean(np.abs(samples) >= _FULL_SCALE)) if samples.size else 0.0,
        silence_share=float(silent.mean()) if silent.size else 1.0,
        longest_gap_seconds=_longest(silent[first:last]) * HOP_SECONDS,
        lead_silence_seconds=first * HOP_SECONDS,
        tail_silence_seconds=(levels.size - last) * HOP_SECONDS,
        duration_ratio=span / expected_seconds if expected_seconds > 0 else 1.0,
        chars_per_second=sum(map(str.isalnum, text)) / span if span else 0.0,
        noise_floor_db=_mean_db(np.sort(levels[first:last])[: (last - first + 9) // 10]) - level,
        end_db=float(levels[-1]) - level if levels.size else 0.0,
        noise_seconds=_longest((spectra.flatness > _NOISE_FLATNESS) & ~silent) * HOP_SECONDS,
        steady_seconds=_steadiest(spectra.bands, audible) * HOP_SECONDS,
        repeat_score=0.0 if _repeats_itself(text) else _repetition(spectra, silent),
    )


def columns(measures: QualityMeasures) -> dict[str, float]:
    """The measures as quality columns of the index, rounded to four decimals."""
    return {name: round(value, 4) for name, value in asdict(measures).items()}


#: The excess over a threshold that weighs as much as crossing it (1), and a function from the value to a reason.
ReasonText = tuple[float, Callable[[float], str]]
ReasonTexts = Mapping[str, ReasonText]  # by threshold


def weigh(values: Mapping[str, object], thresholds: Thresholds, reason_texts: ReasonTexts | None = None) -> Verdict:
    """The verdict on stored measures. A missing measure passes its threshold.

    Args:
        values: measures by column; other columns are ignored.
        thresholds: the limits.
        reason_texts: for thresholds of measures that are not in ``QualityMeasures``.
    """
    if values.get("silence_share") == 1.0 or _number(values.get("level_db"), 0.0) <= _SILENCE_DB:
        return Verdict("failed", ("it is silent",), _SILENT_PENALTY)
    reasons, penalty = [], 0.0
    for name, limit in vars(thresholds).items():
        bound, measured = name[:3], name[4:]
        value = _number(values.get(measured), limit)
        beyond = (value - limit) * (1 if bound == "max" else -1)
        if beyond > 0:
            scale, reason_text = (_REASON_TEXTS | dict(reason_texts or {}))[name]
            reasons.append(reason_text(value))
            penalty += 1.0 + beyond / scale
    return Verdict("suspect" if reasons else "ok", tuple(reasons), round(penalty, 4))


def _number(value: object, default: float) -> float:
    return value if isinstance(value, (int, float)) else default


_REASON_TEXTS: dict[str, tuple[float, Callable[[float], str]]] = {
    "min_level_db": (10.0, lambda value: f"very quiet ({value:.0f} dB)"),
    "max_clipped_share": (0.005, lambda value: f"clipped ({value:.2%} of the samples)"),
    "max_silence_share": (0.2, lambda value: f"{value:.0%} of it is silence"),
    "max_longest_gap_seconds": (1.0, lambda value: f"a gap of {value:.1f} s"),
    "max_lead_silence_seconds": (1.0, lambda value: f"{value:.1f} s of silence at the beginning"),
    "max_tail_silence_seconds": (1.0, lambda value: f"{value:.1f} s of silence at the end"),
    "min_duration_ratio": (0.2, lambda value: f"only {value:.0%} as long as expected"),
    "max_duration_ratio": (0.5, lambda value: f"{value:.0%} as long as expected"),
    "min_chars_per_second": (1.0, lambda value: f"very slow ({value:.1f} characters per second)"),
    "max_chars_per_second": (10.0, lambda value: f"very fast ({value:.0f} characters per second)"),
    "max_noise_floor_db": (6.0, lambda value: f"constant noise ({-value:.0f} dB below the speech)"),
    "max_end_db": (12.0, lambda value: "cut off at the end"),
    "max_noise_seconds": (1.0, lambda value: f"{value:.1f} s of noise"),
    "max_steady_seconds": (1.0, lambda value: f"an unchanging sound for {value:.1f} s"),
    "max_repeat_score": (0.02, lambda value: "repeated speech"),
    "max_overrun_seconds": (0.5, lambda value: f"{value:.1f} s longer than the time until the next line"),
}


def _silent(levels: Array) -> Flags:
    loud = float(np.percentile(levels, 95)) if levels.size else 0.0
    return silent_frames(levels, loud, _BELOW_LOUD_DB, _SILENCE_DB)


def _range(flags: Flags) -> tuple[int, int]:
    """The half-open range from the first set flag to the last; empty, at the end, if none is set."""
    found = np.flatnonzero(flags)
    return (int(found[0]), int(found[-1]) + 1) if found.size else (flags.size, flags.size)


def _longest(flags: Flags) -> int:
    """The length of the longest run of set flags."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((changes[1::2] - changes[::2]).max(initial=0))


def _mean_db(levels: Array) -> float:
    """The mean power of the frames, in dB."""
    return float(decibels(np.mean(10 ** (levels / 10), keepdims=True))[0]) if levels.size else FLOOR_DB


def _steadiest(bands: Array, audible: Flags) -> int:
    """The longest stretch, in frames, that is audible and whose spectrum hardly changes.

    Args:
        bands: dB, shape [frames, bands].
        audible: shape [frames].
    """
    smooth = _running_mean(bands, _STEADY_SMOOTH)
    variance = _running_mean(smooth**2, _STEADY_WINDOW) - _running_mean(smooth, _STEADY_WINDOW) ** 2
    if variance.shape[0] == 0:
        return 0
    reach = _STEADY_SMOOTH + _STEADY_WINDOW - 1
    audible_throughout = _running_mean(audible.astype(np.float64)[:, None], reach)[:, 0] > 1 - 1e-9
    steady = np.sqrt(np.maximum(variance, 0)).mean(axis=1) < _STEADY_DB
    run = _longest(steady & audible_throughout)
    return run + reach - 1 if run else 0


def _repetition(spectra: Spectra, silent: Flags) -> float:
    """The similarity of the two most alike consecutive stretches of 0.2 … 1.2 s: mean cosine of their frames."""
    if silent.all():
        return 0.0
    bands = spectra.bands - spectra.bands.mean(axis=1, keepdims=True)
    bands = _running_mean(np.pad(bands, ((1, 1), (0, 0)), mode="edge"), _REPEAT_SMOOTH)
    bands = bands - bands[~silent].mean(axis=0)
    frames = (bands / (np.linalg.norm(bands, axis=1, keepdims=True) + 1e-9)).astype(np.float32)
    frames[silent] = 0.0
    first, last = (round(seconds / HOP_SECONDS) for seconds in _REPEAT_LAGS)
    lags = np.arange(first, min(last, len(frames) // 2) + 1)
    at_once = max(1, _REPEAT_CELLS // len(frames))
    parts = (lags[start : start + at_once] for start in range(0, lags.size, at_once))
    return max((_similarity(frames, ~silent, part) for part in parts), default=0.0)


def _similarity(frames: npt.NDArray[np.float32], sounding: Flags, lags: npt.NDArray[np.int_]) -> float:
    """The highest mean cosine of ``lag`` consecutive frames with the ``lag`` frames before them, without silence.

    Args:
        frames: unit vectors, zero where silent; shape [frames, bands].
        sounding: shape [frames].
        lags: in frames.
    """
    count = len(frames)
    sums = np.zeros((2, lags.size, count + 1))  # running sums of cosines and of sounding pairs
    for row, lag in enumerate(lags):
        np.einsum("ij,ij->i", frames[:-lag], frames[lag:], out=sums[0, row, 1 : count - lag + 1])
        sums[1, row, 1 : count - lag + 1] = sounding[:-lag] & sounding[lag:]
    np.cumsum(sums, axis=2, out=sums)
    starts, ends = np.arange(count + 1), np.arange(count + 1) + lags[:, None]
    similarity, pairs = np.take_along_axis(sums, np.minimum(ends, count)[None], axis=2) - sums
    enough = (pairs >= _REPEAT_SOUNDING * lags[:, None]) & (starts <= count - 2 * lags[:, None])
    return float((similarity[enough] / pairs[enough]).max(initial=0.0))


def _running_mean(values: Array, length: int) -> Array:
    """Means over ``length`` consecutive rows, shape [rows - length + 1, columns]; no rows if there are too few."""
    if values.shape[0] < length:
        return np.zeros((0, values.shape[1]))
    sums = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    return (sums[length:] - sums[:-length]) / length


def _repeats_itself(text: str) -> bool:
    """True if the text has a sequence of one to six words twice in succession."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[at : at + count] == words[at + count : at + 2 * count]
        for count in range(1, 7)
        for at in range(len(words) - 2 * count + 1)
    )
