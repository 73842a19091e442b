"""The lines of the training corpus, and the held-out sentences."""

from __future__ import annotations

import re

import pytest

from training.corpus import build, front_end, held_out, words_of_tier
from training.evaluate import demo_spec
from training.stages import VOCABULARY

NORMALISE = front_end(demo_spec(), frozenset(VOCABULARY))


def test_every_held_out_sentence_can_be_said() -> None:
    sentences = held_out()
    assert len(sentences) == len(set(sentences)) == 200
    normalised = [NORMALISE(sentence) for sentence in sentences]
    assert all(normalised)
    assert all(set(text) <= set(VOCABULARY) for text in normalised)
    assert sum(any(c.isdigit() for c in sentence) for sentence in sentences) == 25


def fours(lines: list[str]) -> set[tuple[str, ...]]:
    """All runs of four words."""
    return {
        tuple(words[start : start + 4])
        for line in lines
        for words in [re.findall("[a-z']+", line)]
        for start in range(len(words) - 3)
    }


@pytest.mark.espeak
def test_lines_are_sayable_short_and_not_held_out() -> None:
    lines = build(600, 1, NORMALISE)
    assert len(set(lines)) == 600
    assert lines == build(600, 1, NORMALISE)
    assert lines != build(600, 2, NORMALISE)
    for line in lines:
        assert set(line) <= set(VOCABULARY)
        assert re.fullmatch(r"[a-z' ,]+[.?!]", line)
        assert 1 <= len(line.split()) <= 16
    assert not fours(lines) & fours([NORMALISE(sentence) for sentence in held_out()])
    assert any("o'clock" in line for line in lines)
    assert any(len(line.split()) == 1 for line in lines)
    assert len({word for line in lines for word in line.split()}) > 1000


@pytest.mark.espeak
def test_single_letters_are_not_words_except_a_and_i() -> None:
    usual = words_of_tier(10)
    assert {"a", "about", "world"} <= set(usual)
    assert min(len(word) for word in usual if word != "a") > 1
