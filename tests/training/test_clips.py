"""Training samples composed of clips: their frames, texts and masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.models.word_timing import WordTiming
from training.clips import Clips

TOKENS = {character: number for number, character in enumerate(" abcdefghijklmnopqrstuvwxyz',.?!")}
SPEAKERS, EACH = 3, 40
WORD_TIMING = WordTiming(1.0, {"T.": 20.0, "^a": 15.0})


@pytest.fixture
def lines() -> list[str]:
    draw = np.random.default_rng(5)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        " ".join("".join(draw.choice(list(letters), draw.integers(2, 7))) for _ in range(draw.integers(2, 9))) + "."
        for _ in range(SPEAKERS * EACH)
    ]


@pytest.fixture
def clips(lines: list[str], tmp_path: Path) -> Clips:
    """Two shards. A mel frame is (clip number, frame number within the clip); a phoneme is the clip number plus one."""
    shards = []
    for shard in range(2):
        own = range(shard, len(lines), 2)
        length = np.array([len(lines[line]) * 6 for line in own], np.int32)
        word_starts = [[at for at, c in enumerate(f" {lines[line]}") if c == " "] for line in own]
        words = [np.array([[start, 5 * start] for start in starts], np.int32) for starts in word_starts]
        np.savez(
            tmp_path / f"{shard}.npz",
            line=np.array(own, np.int32),
            group=np.array([line % SPEAKERS for line in own], np.int32),
            pitch=np.zeros(len(own), np.int32),
            length=length,
            mel=np.stack([np.repeat(own, length), np.concatenate([np.arange(n) for n in length])], 1).astype(
                np.float16
            ),
            phoneme=np.repeat(np.array(own, np.uint8) + 1, length),
            words=np.concatenate(words),
            word_count=np.array([len(some) for some in words], np.int32),
            spelling=np.repeat(np.array(own, np.uint8) + 1, 3),
            spelling_count=np.full(len(own), 3, np.int32),
            audio=np.zeros(10, np.int16),
        )
        shards.append(tmp_path / f"{shard}.npz")
    return Clips(shards, lines, TOKENS, WORD_TIMING)


@pytest.mark.parametrize("frames", [150, 400, 1000])
@pytest.mark.parametrize("warp", [0.0, 0.5, 1.0])
def test_a_sample_is_clips_of_one_speaker_with_their_texts(
    clips: Clips, lines: list[str], frames: int, warp: float
) -> None:
    batch = clips.batch(np.random.default_rng(1), 8, frames, 1.0, warp, TOKENS[" "])
    assert batch.frames.shape == batch.masked.shape == (8, frames)
    for at, masked, tokens, phonemes in zip(batch.frames, batch.masked, batch.tokens, batch.phonemes, strict=True):
        order = _order(clips, at)
        assert _text(tokens) == " ".join(lines[line] for line in order)
        assert len({line % SPEAKERS for line in order}) == 1
        assert phonemes.tolist() == [line + 1 for line in order for _ in range(3)]
        assert masked.any()


def test_with_padded_text_no_words_are_moved(clips: Clips, lines: list[str]) -> None:
    batch = clips.batch(np.random.default_rng(1), 8, 400, 0.0, 1.0, TOKENS[" "])
    for at, tokens in zip(batch.frames, batch.tokens, strict=True):
        assert _text(tokens).rstrip() == _padded([lines[line] for line in _order(clips, at)]).rstrip()
        assert sum(tokens >= 0) == 400  # one per frame, including the silence at the end
        line, frame = clips.mel[at].astype(int).T
        for clip in set(line):
            own = frame[line == clip]
            length = 6 * len(lines[clip])
            assert own[:length].tolist() == list(range(length))  # followed by silence if it is the last clip


def test_a_share_of_the_samples_has_unpadded_text(clips: Clips, lines: list[str]) -> None:
    batch = clips.batch(np.random.default_rng(4), 60, 300, 0.25, 1.0, TOKENS[" "])
    plain = padded = 0
    for at, tokens in zip(batch.frames, batch.tokens, strict=True):
        texts = [lines[line] for line in _order(clips, at)]
        plain += _text(tokens) == " ".join(texts)
        padded += _text(tokens).rstrip() == _padded(texts).rstrip()
    assert plain + padded == 60
    assert 5 < plain < 30


def _padded(texts: list[str]) -> str:
    """The padded texts, each with as many tokens as its clip has frames."""
    return "".join(WORD_TIMING.padded(text, 6 * len(text)) for text in texts)


def _text(tokens: np.ndarray) -> str:
    return "".join(list(TOKENS)[token] for token in tokens if token >= 0)


def _order(clips: Clips, at: np.ndarray) -> list[int]:
    """The clips that these frames come from, in order."""
    line, frame = clips.mel[at].astype(int).T
    begins = (np.diff(line, prepend=-1) != 0) | (np.diff(frame, prepend=0) < -5)
    order: list[int] = line[begins].tolist()
    return order


def test_everything_after_a_reference_is_masked(clips: Clips) -> None:
    batch = clips.batch(np.random.default_rng(2), 60, 600, 0.5, 0.0, TOKENS[" "])
    begins = 0
    for at, masked in zip(batch.frames, batch.masked, strict=True):
        line = clips.mel[at, 0]
        changes = {int(frame) for frame in np.flatnonzero(np.diff(line)) + 1}
        first = int(masked.argmax())
        begins += masked[first:].all() and first in changes
    assert begins > 20  # of 60; the others have a masked span anywhere, as in upstream's training


def test_the_same_draw_is_the_same_batch(clips: Clips) -> None:
    one, other = (clips.batch(np.random.default_rng(3), 4, 300, 0.5, 1.0, 0) for _ in range(2))
    assert np.array_equal(one.frames, other.frames)
    assert np.array_equal(one.tokens, other.tokens)
