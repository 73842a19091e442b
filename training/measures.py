"""What a clip is like, against espeak-ng's rendering of the same sentence. Sound in, numbers out; no model here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import HOP_LENGTH, seconds_of
from f5_pipeline.quality.asr.comparison import words_of
from training.rendering import Clip, Samples, log_mel, word_starts

ONSET_SECONDS = 0.060  # a word that begins earlier or later by more than that is not in time
_FIRST_SECONDS = 0.15  # the first sound
_BANDS = 80  # of the mel spectrogram that are compared
_SKIP = 2  # every second frame is compared
_LOWEST, _HIGHEST, _WINDOW = 40.0, 400.0, 4096  # of pitch, in Hz; samples
_EAR_RATE = 16_000  # Hz

Mel = NDArray[np.float32]
Ear = Callable[[Samples], list[str]]


@dataclass(frozen=True)
class Saying:
    """A sentence: as people write it, as the model is given it, and as espeak-ng says it in the same voice."""

    text: str
    said: str
    voice: str
    original: Clip

    @property
    def frames(self) -> int:
        return len(self.original.samples) // HOP_LENGTH


@dataclass(frozen=True)
class Likeness:
    """How like espeak-ng's rendering a clip is.

    Attributes:
        retrieved: of the renderings of all sentences, that of the right one is nearest.
        right_voice: of the renderings in all voices, that in the right one is nearest.
        words: all but the first.
        in_time: those that begin within ``ONSET_SECONDS``. None do in a clip that was not retrieved: whatever has no
            structure can be laid over anything.
        first_sound: the distance in the first 0.15 s, relative to that of the whole clip.
        distance: of the whole clip.
    """

    retrieved: bool
    right_voice: bool
    words: int
    in_time: int
    first_sound: float
    distance: float


def compared(samples: Samples) -> Mel:
    """[frames / 2, 80]: the part of the log-mel spectrogram that is compared."""
    return np.ascontiguousarray(log_mel(samples.astype(np.float32))[::_SKIP, :_BANDS])


def likeness(saying: Saying, samples: Samples, all_texts: Sequence[Mel], at: int, voices: dict[str, Mel]) -> Likeness:
    """Compare a clip.

    Args:
        all_texts: espeak-ng's renderings of all sentences in the clip's voice; that of its own is at ``at``.
        voices: its renderings of the clip's sentence in all voices.
    """
    ours = compared(samples)
    retrieved = _nearest(ours, all_texts) == at
    distance, pairs, costs = _warped(ours, all_texts[at])
    onsets = [frame for _, frame in word_starts(saying.original, saying.frames)[1:]]
    there = [pairs[pairs[:, 1] == frame // _SKIP, 0].mean() * _SKIP for frame in onsets]
    late = [abs(seconds_of(1) * (frame - found)) for frame, found in zip(onsets, there, strict=True)]
    first = costs[pairs[:, 1] < _FIRST_SECONDS / seconds_of(1) / _SKIP]
    return Likeness(
        retrieved,
        list(voices)[_nearest(ours, voices.values())] == saying.voice,
        len(onsets),
        int(sum(seconds <= ONSET_SECONDS for seconds in late)) if retrieved else 0,
        float(first.mean() / costs.mean()),
        distance,
    )


def nearer_pitch(samples: Samples, one: Samples, other: Samples) -> bool:
    """Whether a clip's pitch is nearer to that of ``one`` than to that of ``other``."""
    ours, *theirs = (np.log(_pitch(sound)) for sound in (samples, one, other))
    return bool(abs(ours - theirs[0]) < abs(ours - theirs[1]))


def pocketsphinx() -> Ear:
    """From 24 kHz samples to the words that pocketsphinx hears with its general model of English."""
    from pocketsphinx import Decoder
    from soxr import resample

    decoder = Decoder(samprate=_EAR_RATE, loglevel="FATAL")
    silence = np.zeros(_EAR_RATE // 5)

    def hear(samples: Samples) -> list[str]:
        heard = np.concatenate([silence, resample(samples, SAMPLE_RATE, _EAR_RATE), silence])
        decoder.start_utt()
        decoder.process_raw((heard.clip(-1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        return words_of(decoder.hyp().hypstr) if decoder.hyp() else []

    return hear


def word_error_rate(texts: Sequence[str], spoken: Sequence[Samples], hear: Ear) -> float:
    """Words that are missing, added or others, over all words."""
    from rapidfuzz.distance import Levenshtein

    expected = [words_of(text) for text in texts]
    wrong = sum(Levenshtein.distance(words, hear(samples)) for words, samples in zip(expected, spoken, strict=True))
    return float(wrong / sum(map(len, expected)))


def _nearest(ours: Mel, candidates: Iterable[Mel]) -> int:
    """All brought to the same length, which would give the right one away."""
    costs = [_warped(ours, mel[np.linspace(0, len(mel) - 1, len(ours)).round().astype(int)])[0] for mel in candidates]
    return int(np.argmin(costs))


def _warped(ours: Mel, theirs: Mel) -> tuple[float, NDArray[np.int64], NDArray[np.float64]]:
    """Dynamic time warping: the mean cost, the pairs of frames from the first to the last, and their costs."""
    from librosa.sequence import dtw

    squares = (ours**2).sum(1)[:, None] + (theirs**2).sum(1)[None] - 2 * ours @ theirs.T
    costs = np.sqrt(np.maximum(0.0, squares)).astype(np.float64)
    total, pairs = dtw(C=costs)
    pairs = pairs[::-1]
    return float(total[-1, -1]) / sum(costs.shape), pairs, costs[pairs[:, 0], pairs[:, 1]]


def _pitch(samples: Samples) -> float:
    """The median, in Hz, of the louder half."""
    import librosa

    sound = samples.astype(np.float32)
    found = librosa.yin(sound, fmin=_LOWEST, fmax=_HIGHEST, sr=SAMPLE_RATE, frame_length=_WINDOW)
    loud = librosa.feature.rms(y=sound, frame_length=_WINDOW, hop_length=_WINDOW // 4)[0][: len(found)]
    return float(np.median(found[: len(loud)][loud > np.median(loud)]))
