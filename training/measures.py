"""Measures of a clip against the teacher's rendering of the same sentence. Audio in, numbers out; no model here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import HOP_LENGTH, seconds_of
from f5_pipeline.quality.asr.comparison import words_of
from training.rendering import Clip, log_mel, word_starts
from training.teachers.protocol import Samples

ONSET_SECONDS = 0.060  # the largest difference in start for a word to count as in time
_FIRST_SECONDS = 0.15  # length of the "first sound"
_BANDS = 80  # mel bands compared
_SKIP = 2  # every second frame is compared
_LOWEST, _HIGHEST, _WINDOW = 40.0, 400.0, 4096  # pitch range in Hz; window in samples

Mel = NDArray[np.float32]


@dataclass(frozen=True)
class Sentence:
    """A sentence after the text front end, and the teacher's rendering of it in the same voice."""

    text: str
    voice: str
    original: Clip

    @property
    def frames(self) -> int:
        return len(self.original.samples) // HOP_LENGTH


@dataclass(frozen=True)
class Comparison:
    """A clip compared with the teacher's rendering.

    Attributes:
        retrieved: True if, of the renderings of all sentences, that of the right sentence is nearest.
        right_voice: True if, of the renderings in all voices, that in the right voice is nearest.
        words: number of words, without the first.
        in_time: number of these that begin within ``ONSET_SECONDS`` of the teacher's; 0 in a clip that is not
            retrieved, because unstructured audio can be aligned with anything.
        first_sound: distance in the first 0.15 s divided by that of the whole clip.
        distance: mean distance of the aligned frames.
    """

    retrieved: bool
    right_voice: bool
    words: int
    in_time: int
    first_sound: float
    distance: float


def compared_mel(samples: Samples) -> Mel:
    """(frames / 2, 80): the part of the log mel spectrogram that is compared."""
    return np.ascontiguousarray(log_mel(samples.astype(np.float32))[::_SKIP, :_BANDS])


def compare(
    sentence: Sentence, samples: Samples, all_texts: Sequence[Mel], index: int, voices: dict[str, Mel]
) -> Comparison:
    """Compare a clip with the teacher's renderings.

    Args:
        sentence: the clip's sentence.
        samples: (n,) float, 24 kHz, the clip.
        all_texts: the teacher's renderings of all sentences in the clip's voice.
        index: of the clip's sentence in ``all_texts``.
        voices: the teacher's renderings of the clip's sentence in all voices.
    """
    ours = compared_mel(samples)
    retrieved = _nearest(ours, all_texts) == index
    distance, pairs, costs = _align(ours, all_texts[index])
    onsets = [frame for _, frame in word_starts(sentence.original, sentence.frames)[1:]]
    aligned = [pairs[pairs[:, 1] == frame // _SKIP, 0].mean() * _SKIP for frame in onsets]
    differences = [abs(seconds_of(1) * (frame - found)) for frame, found in zip(onsets, aligned, strict=True)]
    first = costs[pairs[:, 1] < _FIRST_SECONDS / seconds_of(1) / _SKIP]
    return Comparison(
        retrieved,
        list(voices)[_nearest(ours, voices.values())] == sentence.voice,
        len(onsets),
        int(sum(seconds <= ONSET_SECONDS for seconds in differences)) if retrieved else 0,
        float(first.mean() / costs.mean()),
        distance,
    )


def nearer_pitch(samples: Samples, one: Samples, other: Samples) -> bool:
    """True if the clip's pitch is nearer, on a logarithmic scale, to that of ``one`` than to that of ``other``."""
    ours, *theirs = (np.log(_pitch(waveform)) for waveform in (samples, one, other))
    return bool(abs(ours - theirs[0]) < abs(ours - theirs[1]))


def word_errors(text: str, transcript: Sequence[str]) -> tuple[int, int]:
    """Deleted, inserted and substituted words, and the text's words."""
    from rapidfuzz.distance import Levenshtein

    expected = words_of(text)
    return Levenshtein.distance(expected, transcript), len(expected)


def _nearest(ours: Mel, candidates: Iterable[Mel]) -> int:
    """The index of the nearest candidate. All are stretched to one length, so that length alone decides nothing."""
    costs = [_align(ours, mel[np.linspace(0, len(mel) - 1, len(ours)).round().astype(int)])[0] for mel in candidates]
    return int(np.argmin(costs))


def _align(ours: Mel, theirs: Mel) -> tuple[float, NDArray[np.int64], NDArray[np.float64]]:
    """Dynamic time warping: the mean cost, (P, 2) pairs of frames in order, and (P,) their costs."""
    from librosa.sequence import dtw

    squares = (ours**2).sum(1)[:, None] + (theirs**2).sum(1)[None] - 2 * ours @ theirs.T
    costs = np.sqrt(np.maximum(0.0, squares)).astype(np.float64)
    total, pairs = dtw(C=costs)
    pairs = pairs[::-1]
    return float(total[-1, -1]) / sum(costs.shape), pairs, costs[pairs[:, 0], pairs[:, 1]]


def _pitch(samples: Samples) -> float:
    """The median pitch, in Hz, of the louder half of the frames (YIN)."""
    import librosa

    waveform = samples.astype(np.float32)
    pitch = librosa.yin(waveform, fmin=_LOWEST, fmax=_HIGHEST, sr=SAMPLE_RATE, frame_length=_WINDOW)
    level = librosa.feature.rms(y=waveform, frame_length=_WINDOW, hop_length=_WINDOW // 4)[0][: len(pitch)]
    return float(np.median(pitch[: len(level)][level > np.median(level)]))
