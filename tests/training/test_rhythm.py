"""Fitting word durations to rendered speech."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.models.word_timing import WordTiming
from training import rhythm
from training.recipe import Recipe, load

WORDS = {"bad": 20, "tree": 30, "moon": 45, "of": 9, "fish": 36}  # frames at 170 words per minute
PAUSE = 12  # after the last word


@pytest.fixture
def recipe() -> Recipe:
    toy = load("toy")
    return toy.model_copy(update={"speech": toy.speech.model_copy(update={"shards": 1})})


def rendered(folder: Path, lines: list[str], *, merged: bool = False, split: bool = False) -> None:
    """A shard in which each word has the duration in ``WORDS``, at three speech rates in turn.

    Args:
        merged: "of" and the word after it have one start time.
        split: "fish" has two start times.
    """
    groups, counts, words, lengths = [], [], [], []
    for number, line in enumerate(lines):
        group, character, frame = number % 3, 0, 0.0
        starts = []
        before = ""
        for word in line.rstrip(".").split():
            if not (merged and before == "of"):
                starts.append((character, round(frame)))
            if split and word == "fish":
                starts.append((character + 2, round(frame) + 10))
            frame += WORDS[word] * 170 / (155, 170, 185)[group]
            character += len(word) + 1
            before = word
        groups.append(group)
        words += starts
        counts.append(len(starts))
        lengths.append(round(frame + PAUSE * 170 / (155, 170, 185)[group]))
    np.savez(
        folder / "000.npz",
        line=np.arange(len(lines)),
        group=np.array(groups),
        length=np.array(lengths),
        words=np.array(words, np.int32),
        word_count=np.array(counts),
    )


def texts(count: int) -> list[str]:
    draw = np.random.default_rng(3)
    return [" ".join(draw.choice(list(WORDS), 5)) + "." for _ in range(count)]


@pytest.mark.parametrize("options", [{}, {"merged": True}, {"split": True}], ids=["one by one", "merged", "split"])
def test_words_get_tokens_for_their_duration(options: dict[str, bool], recipe: Recipe, tmp_path: Path) -> None:
    lines = texts(400)
    rendered(tmp_path, lines, **options)
    table = json.loads(rhythm.fit(rhythm.rendered_words(recipe, lines, tmp_path)))
    assert table["frames_per_token"] == rhythm.FRAMES_PER_TOKEN
    text = WordTiming(1.0, table["frames"]).padded("tree of moon bad fish.")
    begins = [text.index(word) for word in ("tree", "of", "moon", "bad", "fish.")]
    assert np.diff([*begins, len(text)]) == pytest.approx([30, 9, 45, 20, 36 + PAUSE], abs=2)


def test_rare_features_are_left_out(recipe: Recipe, tmp_path: Path) -> None:
    lines = [line.replace("moon", "bad") for line in texts(400)]
    lines[0] = "moon bad tree."
    rendered(tmp_path, lines)
    frames = json.loads(rhythm.fit(rhythm.rendered_words(recipe, lines, tmp_path)))["frames"]
    assert "#tree" in frames
    assert "#moon" not in frames
