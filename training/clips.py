"""The rendered clips in memory, and the training samples (frames, masks and texts) composed of them.

Shapes: B samples, N frames, L characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.models.word_timing import WordTiming
from training.alignment import Frames, even_start, moved, starts_after

_REFERENCE_FIRST = 0.65  # share of the samples that start with a given reference; all that follows is generated
_REFERENCE_AS_SPOKEN = 0.5  # share of those whose reference is not warped, as a user's reference is not
_SPAN = (0.7, 1.0)  # share of the frames to generate in the other samples: one span anywhere, as in F5's training
_FILL = 48  # the most frames of silence at the end
_LEAST, _MOST = 60, 430  # frames of a clip that is not the last
_SLACK = 14  # frames by which the last clip may be too short
_TRIES = 12


@dataclass(frozen=True)
class Batch:
    """Samples of equal length, so that no frame is padding.

    Attributes:
        frames: (B, N) indices of the corpus's frames.
        masked: (B, N) True for the frames to generate.
        tokens: (B, L) the text's characters, -1 after its end.
        phonemes: the phonemes of each sample.
    """

    frames: NDArray[np.int64]
    masked: NDArray[np.bool_]
    tokens: NDArray[np.int64]
    phonemes: list[NDArray[np.uint8]]


class Clips:
    """All clips of a corpus, concatenated.

    Args:
        shards: files written by ``rendering.render``.
        lines: the lines of the corpus.
        tokens: the number of each character.
        word_timing: pads the texts.
        balance: as in ``recipe.Acoustic``.

    Attributes:
        mel: (frames, 100) float16 log mel.
        phoneme: (frames,) uint8 phoneme of each frame.
        audio: (samples,) int16, of the clips whose audio was kept.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        lines: Sequence[str],
        tokens: dict[str, int],
        word_timing: WordTiming,
        balance: float = 1.0,
    ) -> None:
        read = [dict(np.load(shard)) for shard in shards]
        joined = {name: np.concatenate([shard[name] for shard in read]) for name in read[0]}
        self.mel: NDArray[np.float16] = joined["mel"]
        self.phoneme: NDArray[np.uint8] = joined["phoneme"]
        self.audio: NDArray[np.int16] = joined["audio"]
        self._texts = [lines[line] for line in joined["line"]]
        self._plain = [np.array([tokens[character] for character in text], np.int64) for text in self._texts]
        self._length: NDArray[np.int64] = joined["length"].astype(np.int64)
        self._frames_per_token = word_timing.frames_per_token
        lengths = (self._length / self._frames_per_token).round().astype(int)  # as in ``WordTiming.pad_pair``
        padded = [word_timing.padded(text, int(length)) for text, length in zip(self._texts, lengths, strict=True)]
        self._padded = [np.array([tokens[character] for character in text], np.int64) for text in padded]
        self._start = np.cumsum(self._length) - self._length
        self._words = np.split(joined["words"], np.cumsum(joined["word_count"])[:-1])
        self._spelling = np.split(joined["spelling"], np.cumsum(joined["spelling_count"])[:-1])
        voices = np.stack([joined["group"], joined["pitch"]], 1)
        _, group = np.unique(voices, axis=0, return_inverse=True)
        group = group.reshape(-1)
        order = np.lexsort((self._length, group))
        self._groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
        sizes = np.array([len(clips) for clips in self._groups], np.float64) ** balance
        self._shares = sizes / sizes.sum()

    def __len__(self) -> int:
        return len(self._texts)

    def spelling(self, clip: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The tokens of a clip's padded text, and its phonemes."""
        return self._padded[clip], self._spelling[clip]

    def batch(
        self, draw: np.random.Generator, samples: int, frames: int, plain: float, warp: float, space: int
    ) -> Batch:
        """Draw a batch; each sample has clips of one speaker.

        Args:
            draw: the random numbers.
            samples, frames: B and N.
            plain: share of the samples with unpadded text.
            warp: how far the words of these are moved (``share`` of ``alignment.moved``).
            space: the token between two clips of an unpadded text.
        """
        drawn = [self._sample(draw, frames, plain, warp, space) for _ in range(samples)]
        longest = max(len(tokens) for _, _, tokens, _ in drawn)
        padded = np.full((samples, longest), -1, np.int64)
        for row, (_, _, tokens, _) in enumerate(drawn):
            padded[row, : len(tokens)] = tokens
        return Batch(
            np.stack([indices for indices, _, _, _ in drawn]),
            np.stack([masked for _, masked, _, _ in drawn]),
            padded,
            [phonemes for _, _, _, phonemes in drawn],
        )

    def _sample(
        self, draw: np.random.Generator, frames: int, plain: float, warp: float, space: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8]]:
        """Frame indices (N,), mask (N,), tokens and phonemes of one sample."""
        clips, silent = self._clips(draw, frames)
        reference_first = len(clips) > 1 and draw.random() < _REFERENCE_FIRST
        frame_ranges = [np.arange(self._start[clip], self._start[clip] + self._length[clip]) for clip in clips]
        frame_ranges.append(frame_ranges[-1][np.arange(silent) % 3 - 3])  # repeats the dither at the clip's end
        indices, begins = np.concatenate(frame_ranges), np.cumsum([0, *(self._length[clip] for clip in clips)])
        if draw.random() < plain:
            as_spoken = reference_first and draw.random() < _REFERENCE_AS_SPOKEN
            sources, begins = self._moved(clips, frames, warp, as_spoken)
            indices = indices[sources]
            texts = [part for clip in clips for part in (self._plain[clip], np.array([space], np.int64))][:-1]
        else:
            silence = np.full(round(silent / self._frames_per_token), space, np.int64)
            texts = [*(self._padded[clip] for clip in clips), silence]
        masked = np.zeros(frames, np.bool_)
        if reference_first:
            first = 1 if draw.random() < 0.7 else int(draw.integers(1, len(clips)))
            masked[begins[first] :] = True
        else:
            width = int(frames * draw.uniform(*_SPAN))
            begin = int(draw.integers(0, frames - width + 1))
            masked[begin : begin + width] = True
        return indices, masked, np.concatenate(texts), np.concatenate([self._spelling[clip] for clip in clips])

    def _moved(self, clips: list[int], frames: int, warp: float, as_spoken: bool) -> tuple[Frames, Frames]:
        """Warp the concatenated clips (``alignment.moved``): the source frames (N,) and each clip's first frame.

        ``as_spoken``: do not move the words of the first clip.
        """
        words: list[NDArray[np.int64]] = []
        begins: list[int] = []
        characters = spoken = 0
        for position, clip in enumerate(clips):
            anchors = self._words[clip][:1] if position == 0 and as_spoken else self._words[clip]
            begins.append(sum(map(len, words)))
            words.append(anchors + np.array([characters, spoken], np.int64))
            characters += len(self._plain[clip]) + 1
            spoken += int(self._length[clip])
        starts = np.concatenate(words)
        even = even_start(starts[:, 0], characters - 1, frames)
        sources = moved(starts[:, 0], starts[:, 1], characters - 1, frames, warp)
        return sources, starts_after(starts[begins, 1], even[begins], warp)

    def _clips(self, draw: np.random.Generator, frames: int) -> tuple[list[int], int]:
        """Clips of one speaker that fill ``frames`` frames, and the remaining silence (at most ``_FILL``)."""
        while True:
            group = self._groups[draw.choice(len(self._groups), p=self._shares)]
            least = -(-frames // 420)
            count = int(draw.integers(least, max(2, min(8, frames // 110)) + 1)) if frames > 200 else 1
            chosen: list[int] = []
            left = frames
            for _ in range(_TRIES):
                if len(chosen) >= count - 1 and left <= _MOST:
                    last = self._of_length(draw, group, max(40, left - _SLACK), left)
                    if last is not None and last not in chosen:  # a repeated clip could be copied from the reference
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
        """A clip with ``least`` to ``most`` frames, else one of the longest shorter ones; None if all are longer."""
        lengths = self._length[group]
        first, last = int(np.searchsorted(lengths, least)), int(np.searchsorted(lengths, most, "right"))
        if last == 0:
            return None
        first = min(first, max(0, last - 8)) if last <= first else first
        return int(group[draw.integers(first, last)])
