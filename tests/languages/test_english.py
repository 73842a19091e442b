"""The English front end, case by case."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.languages.english.capitals import quiet_capitals, spell_acronyms
from f5_pipeline.languages.english.reading import english
from f5_pipeline.text.front_end import tidy
from tests.languages.english_cases import CASES


@pytest.mark.parametrize(("written", "expected"), CASES, ids=[written for written, _ in CASES])
def test_reading(written: str, expected: str) -> None:
    assert " ".join(english(tidy(written)).split()) == expected


def test_reading_twice_changes_nothing() -> None:
    for _, spoken in CASES:
        assert english(spoken).split() == spoken.split()


def test_british_dates_have_the_day_first() -> None:
    assert english("3/4/2024", british=True) == "April third, twenty twenty-four"
    assert english("3/4/2024") == "March fourth, twenty twenty-four"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("the FBI and NASA", "the f b i and NASA"),
        ("two PCs", "two p cs"),
        ("five PM", "five p m"),
        ("A cat", "A cat"),
    ],
)
def test_acronyms_are_spelled_for_a_model_without_capitals(written: str, expected: str) -> None:
    assert spell_acronyms(written) == expected


def test_only_shouted_sentences_are_lowered() -> None:
    assert quiet_capitals("I SAID NO") == "I said no"
    assert quiet_capitals("the BBC said so") == "the BBC said so"


def test_random_texts_keep_no_digits() -> None:
    marks = "0123456789.,:/-+$%€ °'\"()xkm@#stndrhPMam\n"
    for seed in range(3_000):
        text = "".join(random.Random(seed).choices(marks, k=24))
        assert not any(c.isdigit() for c in english(text)), text


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "repeated",
    ["a.", "a@", "1", "1,", "1-", "1/", "1:", ".", "-", "$", "A. ", "http://", "www.a", "1 to ", "A", "x1", "&", "_"],
)
def test_odd_repetitions_do_not_hang(repeated: str) -> None:
    assert english(repeated * (50_000 // len(repeated))) is not None
