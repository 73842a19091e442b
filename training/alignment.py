"""Where F5 believes each character to be, and moving what was spoken there. Numbers alone, no torch.

F5's ``text_embedding_average_upsampling`` spreads the characters of a text evenly over its frames, while people (and
espeak-ng) spend more time on some than on others. A small model learns to read quickly if words stand where the spread
text says they do. Here the words are moved there, for texts that have no room for them; elsewhere the letters are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int64]


def even_start(character: NDArray[np.int64] | int, characters: int, frames: int) -> NDArray[np.int64]:
    """The frame at which a character of an evenly spread text begins.

    Each has ``frames // characters`` frames, and the last ``frames % characters`` of them one more, as in
    ``average_upsample_text_by_mask`` of f5_tts.
    """
    each, more = divmod(frames, characters)
    return np.asarray(character * each + np.maximum(0, np.asarray(character) - (characters - more)), np.int64)


def moved(words: NDArray[np.int64], starts: NDArray[np.int64], characters: int, frames: int, share: float) -> Frames:
    """For each frame, which frame of the spoken clip stands there if words are moved by that share of the way.

    Args:
        words: [words] the index of each word's first character; the first is 0.
        starts: [words] the frame at which it was spoken; the first is 0.
        characters: of the text.
        frames: of the clip.
        share: 0: nowhere; 1: to where the evenly spread text has them.

    Returns:
        [frames] indices, never falling.
    """
    spoken = np.append(starts, frames).astype(np.float64)
    even = np.append(even_start(words, characters, frames), frames).astype(np.float64)
    aims = share * even + (1 - share) * spoken
    at = np.interp(np.arange(frames) + 0.5, aims, spoken)
    return np.minimum(at.astype(np.int64), frames - 1)


def starts_after(starts: NDArray[np.int64], even: NDArray[np.int64], share: float) -> Frames:
    """Where words begin, at which frame, after they were ``moved``."""
    return np.rint(share * even + (1 - share) * starts).astype(np.int64)
