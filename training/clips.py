"""The rendered clips in memory, and training samples put together from them: what is said, and by which frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.models.word_timing import WordTiming
from training.alignment import Frames, even_start, moved, starts_after

_REFERENCE_FIRST = 0.65  # of the samples: a clip that is given, and all that follows is to be spoken
_REFERENCE_AS_SPOKEN = 0.5  # of those: people's references are not moved either
_SPAN = (0.7, 1.0)  # of the others: so much of them is to be spoken, somewhere in the middle, as F5 itself does it
_FILL = 48  # frames at the most that silence fills at the end
_LEAST, _MOST = 60, 430  # frames of a clip that is not the last
_SLACK = 14  # frames by which the last clip may be too short
_TRIES = 12


@dataclass(frozen=True)
class Batch:
    """Samples of equal length, so that nothing is padded.

    Attributes:
        frames: [samples, frames] which frames of the corpus they are.
        masked: [samples, frames] which are to be spoken.
        tokens: [samples, characters] of the text, -1 where it has ended.
        phonemes: what is said, of each sample.
    """

    frames: NDArray[np.int64]
    masked: NDArray[np.bool_]
    tokens: NDArray[np.int64]
    phonemes: list[NDArray[np.uint8]]


class Clips:
    """All clips of a corpus.

    Attributes:
        mel: [frames, 100] float16, of all clips, one after the other.
        phoneme: [frames] uint8.
        audio: [samples] int16, of those whose sound was kept.
    """

    def __init__(
        self, shards: Sequence[Path], lines: Sequence[str], tokens: dict[str, int], spacing: WordTiming
    ) -> None:
        read = [dict(np.load(shard)) for shard in shards]
        joined = {name: np.concatenate([shard[name] for shard in read]) for name in read[0]}
        self.mel: NDArray[np.float16] = joined["mel"]
        self.phoneme: NDArray[np.uint8] = joined["phoneme"]
        self.audio: NDArray[np.int16] = joined["audio"]
        self._texts = [lines[line] for line in joined["line"]]
        self._plain = [np.array([tokens[character] for character in text], np.int64) for text in self._texts]
        self._length: NDArray[np.int64] = joined["length"].astype(np.int64)
        self._each = spacing.frames_per_token
        rooms = (self._length / self._each).round().astype(int)  # as it is in the product: each has its share
        spaced = [spacing.padded(text, int(room)) for text, room in zip(self._texts, rooms, strict=True)]
        self._spaced = [np.array([tokens[character] for character in text], np.int64) for text in spaced]
        self._start = np.cumsum(self._length) - self._length
        self._words = np.split(joined["words"], np.cumsum(joined["word_count"])[:-1])
        self._spelling = np.split(joined["spelling"], np.cumsum(joined["spelling_count"])[:-1])
        voices = np.stack([joined["group"], joined["pitch"]], 1)
        _, group = np.unique(voices, axis=0, return_inverse=True)
        group = group.reshape(-1)
        order = np.lexsort((self._length, group))
        self._groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
        sizes = np.array([len(clips) for clips in self._groups], np.float64)
        self._shares = sizes / sizes.sum()

    def __len__(self) -> int:
        return len(self._texts)

    def spelling(self, clip: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The tokens of a clip's text, with room for its words, and its phonemes."""
        return self._spaced[clip], self._spelling[clip]

    def batch(
        self, draw: np.random.Generator, samples: int, frames: int, plain: float, warp: float, space: int
    ) -> Batch:
        """Samples of so many frames, of one speaker each.

        Args:
            plain: share of those whose text has no room for its words.
            warp: how far their words are moved to where the evenly spread text has them (``alignment.moved``).
            space: the token that stands between two clips of them.
        """
        made = [self._sample(draw, frames, plain, warp, space) for _ in range(samples)]
        longest = max(len(tokens) for _, _, tokens, _ in made)
        padded = np.full((samples, longest), -1, np.int64)
        for row, (_, _, tokens, _) in enumerate(made):
            padded[row, : len(tokens)] = tokens
        return Batch(
            np.stack([at for at, _, _, _ in made]),
            np.stack([masked for _, masked, _, _ in made]),
            padded,
            [phonemes for _, _, _, phonemes in made],
        )

    def _sample(
        self, draw: np.random.Generator, frames: int, plain: float, warp: float, space: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8]]:
        clips, silent = self._clips(draw, frames)
        reference_first = len(clips) > 1 and draw.random() < _REFERENCE_FIRST
        at = [np.arange(self._start[clip], self._start[clip] + self._length[clip]) for clip in clips]
        at.append(at[-1][np.arange(silent) % 3 - 3])  # the dither after the last sound, again and again
        whole, begins = np.concatenate(at), np.cumsum([0, *(self._length[clip] for clip in clips)])
        if draw.random() < plain:
            as_spoken = reference_first and draw.random() < _REFERENCE_AS_SPOKEN
            there, begins = self._moved(clips, frames, warp, as_spoken)
            whole = whole[there]
            parts = [part for clip in clips for part in (self._plain[clip], np.array([space], np.int64))][:-1]
        else:
            parts = [*(self._spaced[clip] for clip in clips), np.full(round(silent / self._each), space, np.int64)]
        masked = np.zeros(frames, np.bool_)
        if reference_first:
            first = 1 if draw.random() < 0.7 else int(draw.integers(1, len(clips)))
            masked[begins[first] :] = True
        else:
            width = int(frames * draw.uniform(*_SPAN))
            begin = int(draw.integers(0, frames - width + 1))
            masked[begin : begin + width] = True
        return whole, masked, np.concatenate(parts), np.concatenate([self._spelling[clip] for clip in clips])

    def _moved(self, clips: list[int], frames: int, warp: float, as_spoken: bool) -> tuple[Frames, Frames]:
        """Which frames stand where if the clips' words are moved, and where each clip begins then."""
        words: list[NDArray[np.int64]] = []
        begins: list[int] = []
        characters = spoken = 0
        for position, clip in enumerate(clips):
            its = self._words[clip][:1] if position == 0 and as_spoken else self._words[clip]
            begins.append(sum(len(some) for some in words))
            words.append(its + np.array([characters, spoken], np.int64))
            characters += len(self._plain[clip]) + 1
            spoken += int(self._length[clip])
        starts = np.concatenate(words)
        even = even_start(starts[:, 0], characters - 1, frames)
        there = moved(starts[:, 0], starts[:, 1], characters - 1, frames, warp)
        return there, starts_after(starts[begins, 1], even[begins], warp)

    def _clips(self, draw: np.random.Generator, frames: int) -> tuple[list[int], int]:
        """Clips of one speaker that fill so many frames, but for a little silence, which is the second."""
        while True:
            group = self._groups[draw.choice(len(self._groups), p=self._shares)]
            least = -(-frames // 420)
            count = int(draw.integers(least, max(2, min(8, frames // 110)) + 1)) if frames > 200 else 1
            chosen: list[int] = []
            left = frames
            for _ in range(_TRIES):
                if len(chosen) >= count - 1 and left <= _MOST:
                    last = self._of_length(draw, group, max(40, left - _SLACK), left)
                    if last is not None and last not in chosen:  # else it could be copied
                        chosen.append(last)
                        left -= int(self._length[last])
                    break
                most = int(min(left, _MOST, max(70, left * (0.7 if chosen else 0.6))))
                clip = self._of_length(draw, group, _LEAST, most)
                if clip is None or clip in chosen:
                    break
                chosen.append(clip)
                left -= int(self._length[clip])
                if left < 50:
                    break
            if chosen and 0 <= left <= _FILL:
                return chosen, left

    def _of_length(self, draw: np.random.Generator, group: NDArray[np.int64], least: int, most: int) -> int | None:
        """A clip of so many frames, or one of the longest that are not longer; None: all are."""
        lengths = self._length[group]
        first, last = int(np.searchsorted(lengths, least)), int(np.searchsorted(lengths, most, "right"))
        if last == 0:
            return None
        first = min(first, max(0, last - 8)) if last <= first else first
        return int(group[draw.integers(first, last)])
