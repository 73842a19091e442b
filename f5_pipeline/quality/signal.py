"""What a clip is like, by its samples alone: measures, and a verdict on them. Cheap enough for every clip; numpy only.

Whether the right words were said cannot be seen here, only what is wrong with the sound: silence, gaps, clipping,
noise, a drone, a cut, a repetition, a duration that does not fit the text. What a clip sounds like to the measures
(levels, bands) is in ``spectra``.
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

_BELOW_LOUD_DB = 40.0  # quieter than the loud parts by this much is silence …
_SILENCE_DB = -65.0  # … and so is what is quieter than this, whatever the rest is
_FULL_SCALE = 0.999
_NOISE_FLATNESS = 0.5  # of the spectrum over 50 ms: voices are at 0.01 … 0.3, hissing consonants for a moment above
_STEADY_SMOOTH, _STEADY_WINDOW = 8, 40  # frames
_STEADY_DB = 3.0  # how much bands vary over 0.4 s: speech 4 … 15, any noise or hum 0.5 … 1, speech in as loud noise 2
_STEADY_BELOW_DB = 20.0  # a hum this far below the speech is background
_REPEAT_LAGS = (0.2, 1.2)  # seconds, from a short word to a phrase
_REPEAT_SMOOTH = 3  # frames
_REPEAT_SOUNDING = 0.6  # of a repeated stretch
_REPEAT_CELLS = 500_000  # frames times lags worked on at once: all of a short clip, and an hour in little memory


@dataclass(frozen=True)
class QualityMeasures:
    """Measures of one clip, all finite. ``_db`` is dB relative to full scale unless said otherwise."""

    level_db: float  # RMS of what is not silent
    peak_db: float
    clipped_share: float  # of the samples, at full scale
    silence_share: float  # of the time
    longest_gap_seconds: float  # of silence between sounds
    lead_silence_seconds: float
    tail_silence_seconds: float
    duration_ratio: float  # from the first sound to the last, over the expected seconds; 1 if none are expected
    chars_per_second: float  # letters and digits, from the first sound to the last
    noise_floor_db: float  # the quietest tenth from the first sound to the last, relative to ``level_db``
    end_db: float  # the last hundredth of a second, relative to ``level_db``: loud where a clip is cut off
    noise_seconds: float  # the longest stretch with the flat spectrum of noise
    steady_seconds: float  # the longest stretch of one unchanging sound: noise of any colour, a hum, a drone
    repeat_score: float  # -1 … 1, the likeness of a stretch and the one before it; 0 where the text repeats itself too


@dataclass(frozen=True)
class Verdict:
    """``ok``, ``suspect`` (somebody should listen) or ``failed`` (there is nothing to listen to), and why."""

    status: Literal["ok", "suspect", "failed"]
    reasons: tuple[str, ...] = ()  # clauses: "a gap of 1.8 s"
    penalty: float = 0.0  # the distance beyond all thresholds; of suspect takes, the lowest is the best

    @property
    def reason(self) -> str:
        """All reasons as one sentence."""
        return "; ".join(self.reasons)


def measure(samples: np.ndarray, sample_rate: int, expected_seconds: float, text: str) -> QualityMeasures:
    """Measure a clip.

    Args:
        samples: float, mono, shape (n,), nominally within -1 … 1; what is not a number counts as full scale.
        sample_rate: Hz.
        expected_seconds: how long the samples should be; 0: unknown.
        text: what was to be said.
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
    """The measures as quality columns of the index, rounded to what they are worth."""
    return {name: round(value, 4) for name, value in asdict(measures).items()}


def judge(measures: QualityMeasures, thresholds: Thresholds | None = None) -> Verdict:
    """Weigh the measures of a clip."""
    return weigh(columns(measures), thresholds or Thresholds())


#: For a threshold: how far beyond it is as bad as having passed it, and what to say of a value.
Sayings = Mapping[str, tuple[float, Callable[[float], str]]]


def weigh(values: Mapping[str, object], thresholds: Thresholds, sayings: Sayings | None = None) -> Verdict:
    """A verdict on measures as they are stored with a clip. What was not measured (yet) counts as right.

    Args:
        values: measures by the name of their column; others may be among them.
        thresholds: the limits.
        sayings: of measures that are not of the signal.
    """
    if values.get("silence_share") == 1.0 or _number(values.get("level_db"), 0.0) <= _SILENCE_DB:
        return Verdict("failed", ("it is silent",))
    reasons, penalty = [], 0.0
    for name, limit in vars(thresholds).items():
        bound, measured = name[:3], name[4:]
        value = _number(values.get(measured), limit)
        beyond = (value - limit) * (1 if bound == "max" else -1)
        if beyond > 0:
            scale, say = (_SAYINGS | dict(sayings or {}))[name]
            reasons.append(say(value))
            penalty += 1.0 + beyond / scale
    return Verdict("suspect" if reasons else "ok", tuple(reasons), round(penalty, 4))


def _number(value: object, default: float) -> float:
    return value if isinstance(value, (int, float)) else default


_SAYINGS: dict[str, tuple[float, Callable[[float], str]]] = {
    "min_level_db": (10.0, lambda value: f"very quiet ({value:.0f} dB)"),
    "max_clipped_share": (0.005, lambda value: f"clipped ({value:.2%} of the samples)"),
    "max_silence_share": (0.2, lambda value: f"{value:.0%} of it is silence"),
    "max_longest_gap_seconds": (1.0, lambda value: f"a gap of {value:.1f} s"),
    "max_lead_silence_seconds": (1.0, lambda value: f"{value:.1f} s of silence at the beginning"),
    "max_tail_silence_seconds": (1.0, lambda value: f"{value:.1f} s of silence at the end"),
    "min_duration_ratio": (0.2, lambda value: f"only {value:.0%} as long as expected"),
    "max_duration_ratio": (0.5, lambda value: f"{value:.0%} as long as expected"),
    "min_chars_per_second": (1.0, lambda value: f"very slow ({value:.1f} characters a second)"),
    "max_chars_per_second": (10.0, lambda value: f"very fast ({value:.0f} characters a second)"),
    "max_noise_floor_db": (6.0, lambda value: f"noise throughout ({-value:.0f} dB below the speech)"),
    "max_end_db": (12.0, lambda value: "cut off at the end"),
    "max_noise_seconds": (1.0, lambda value: f"{value:.1f} s of noise"),
    "max_steady_seconds": (1.0, lambda value: f"{value:.1f} s of one unchanging sound"),
    "max_repeat_score": (0.02, lambda value: "a stretch that is said twice"),
}


def _silent(levels: Array) -> Flags:
    loud = float(np.percentile(levels, 95)) if levels.size else 0.0
    return silent_frames(levels, loud, _BELOW_LOUD_DB, _SILENCE_DB)


def _range(flags: Flags) -> tuple[int, int]:
    """From the first that is set to behind the last; behind everything if none is."""
    found = np.flatnonzero(flags)
    return (int(found[0]), int(found[-1]) + 1) if found.size else (flags.size, flags.size)


def _longest(flags: Flags) -> int:
    """How many in a row are set at most."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((changes[1::2] - changes[::2]).max(initial=0))


def _mean_db(levels: Array) -> float:
    """The mean power of frames, in dB."""
    return float(decibels(np.mean(10 ** (levels / 10), keepdims=True))[0]) if levels.size else FLOOR_DB


def _steadiest(bands: Array, audible: Flags) -> int:
    """The longest stretch, in frames, whose spectrum hardly changes and that can be heard throughout."""
    smooth = _running_mean(bands, _STEADY_SMOOTH)
    variance = _running_mean(smooth**2, _STEADY_WINDOW) - _running_mean(smooth, _STEADY_WINDOW) ** 2
    if variance.shape[0] == 0:
        return 0
    reach = _STEADY_SMOOTH + _STEADY_WINDOW - 1
    heard = _running_mean(audible.astype(np.float64)[:, None], reach)[:, 0] > 1 - 1e-9
    steady = np.sqrt(np.maximum(variance, 0)).mean(axis=1) < _STEADY_DB
    run = _longest(steady & heard)
    return run + reach - 1 if run else 0


def _repetition(spectra: Spectra, silent: Flags) -> float:
    """How much any stretch of 0.2 … 1.2 s sounds like the stretch before it: the mean cosine of their frames."""
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
    return max((_likeness(frames, ~silent, part) for part in parts), default=0.0)


def _likeness(frames: npt.NDArray[np.float32], sounding: Flags, lags: npt.NDArray[np.int_]) -> float:
    """The best mean cosine of ``lag`` frames in a row with the ``lag`` frames before them, silence left out."""
    count = len(frames)
    sums = np.zeros((2, lags.size, count + 1))  # of cosines and of sounding pairs, up to each frame
    for row, lag in enumerate(lags):
        np.einsum("ij,ij->i", frames[:-lag], frames[lag:], out=sums[0, row, 1 : count - lag + 1])
        sums[1, row, 1 : count - lag + 1] = sounding[:-lag] & sounding[lag:]
    np.cumsum(sums, axis=2, out=sums)
    starts, ends = np.arange(count + 1), np.arange(count + 1) + lags[:, None]
    likeness, pairs = np.take_along_axis(sums, np.minimum(ends, count)[None], axis=2) - sums
    enough = (pairs >= _REPEAT_SOUNDING * lags[:, None]) & (starts <= count - 2 * lags[:, None])
    return float((likeness[enough] / pairs[enough]).max(initial=0.0))


def _running_mean(values: Array, length: int) -> Array:
    """Means over ``length`` rows in a row, shape [rows - length + 1, columns]; no rows if there are too few."""
    if values.shape[0] < length:
        return np.zeros((0, values.shape[1]))
    sums = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    return (sums[length:] - sums[:-length]) / length


def _repeats_itself(text: str) -> bool:
    """Whether up to six words are said twice in a row."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[at : at + count] == words[at + count : at + 2 * count]
        for count in range(1, 7)
        for at in range(len(words) - 2 * count + 1)
    )
