"""The position of each character in F5's evenly spread text, and warping speech so that its words stand there.

F5's ``text_embedding_average_upsampling`` spreads the characters of a text evenly over its frames, while speech spends
more time on some characters than on others. A small model learns to read faster if words and text are aligned. This
module moves the words of the speech, for unpadded texts; ``models.word_timing`` pads the text instead. numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int64]


def even_start(character: NDArray[np.int64] | int, characters: int, frames: int) -> NDArray[np.int64]:
    """The first frame of a character in an evenly spread text.

    Each character has ``frames // characters`` frames, and the last ``frames % characters`` characters one more, as
    in ``average_upsample_text_by_mask`` of f5_tts.

    Args:
        character: index, or array of indices of any shape.
        characters: length of the text.
        frames: length of the speech.

    Returns:
        Frame indices, of the shape of ``character``.
    """
    each, more = divmod(frames, characters)
    return np.asarray(character * each + np.maximum(0, np.asarray(character) - (characters - more)), np.int64)


def moved(words: NDArray[np.int64], starts: NDArray[np.int64], characters: int, frames: int, share: float) -> Frames:
    """Warp a clip so that its words move towards their positions in the evenly spread text, by linear interpolation.

    Args:
        words: (W,) index of each word's first character; the first is 0.
        starts: (W,) frame at which each word was spoken; the first is 0.
        characters: length of the text.
        frames: length of the clip.
        share: 0: words stay; 1: they move to their positions in the evenly spread text.

    Returns:
        (frames,) for each frame the index of the clip's frame that is moved there; non-decreasing.
    """
    spoken = np.append(starts, frames).astype(np.float64)
    even = np.append(even_start(words, characters, frames), frames).astype(np.float64)
    targets = share * even + (1 - share) * spoken
    sources = np.interp(np.arange(frames) + 0.5, targets, spoken)
    return np.minimum(sources.astype(np.int64), frames - 1)


def starts_after(starts: NDArray[np.int64], even: NDArray[np.int64], share: float) -> Frames:
    """(W,) first frame of each word after ``moved``; ``starts`` and ``even``: (W,) as spoken and as evenly spread."""
    return np.rint(share * even + (1 - share) * starts).astype(np.int64)
