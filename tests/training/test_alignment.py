"""Warping speech so that words move to their positions in F5's evenly spread text."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.engine.f5.upstream import prepare_imports
from training.alignment import even_start, moved, starts_after

WORDS = np.array([0, 4, 12])
STARTS = np.array([0, 12, 40])


@pytest.mark.parametrize(("characters", "frames"), [(3, 10), (10, 10), (7, 100), (16, 1000)])
def test_even_starts_are_upstreams(characters: int, frames: int) -> None:
    prepare_imports()
    import torch
    from f5_tts.model.backbones.dit import TextEmbedding
    from torch.nn.functional import pad

    numbers = pad(torch.arange(characters, dtype=torch.float32), (0, frames - characters))[None, :, None]
    present = (torch.arange(frames) < characters)[None]
    text = TextEmbedding(characters, 1, average_upsampling=True)
    spread = text.average_upsample_text_by_mask(numbers, present, torch.tensor([frames]))[0, :, 0]
    first = [int((spread == character).nonzero()[0]) for character in range(characters)]
    assert even_start(np.arange(characters), characters, frames).tolist() == first


def test_a_share_of_zero_moves_nothing() -> None:
    assert moved(WORDS, STARTS, 20, 60, 0.0).tolist() == list(range(60))


def test_a_share_of_one_moves_words_to_the_even_starts() -> None:
    at = moved(WORDS, STARTS, 20, 60, 1.0)
    even = even_start(WORDS, 20, 60)
    assert even.tolist() == [0, 12, 36]
    assert [int(at[frame]) for frame in even] == STARTS.tolist()
    assert (np.diff(at) >= 0).all()
    assert at[-1] == 59


def test_a_share_of_one_half() -> None:
    at = moved(WORDS, STARTS, 20, 60, 0.5)
    assert starts_after(STARTS, even_start(WORDS, 20, 60), 0.5).tolist() == [0, 12, 38]
    assert int(at[38]) == 40
