"""pocketsphinx with its own model on real recordings, of people and of the demo's voices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.recogniser import Question
from f5_pipeline.quality.asr.sphinx import Sphinx
from f5_pipeline.results.transcripts import TimedWord
from tests.quality.asr.recordings import DEMO, recording

NATURE, SAID = recording("nature")


@pytest.fixture(scope="module")
def sphinx() -> Sphinx:
    return Sphinx()


def heard(sphinx: Sphinx, samples: np.ndarray, text: str, before: str = "") -> list[TimedWord]:
    return sphinx.hear(Question(samples, text, before, "en"))


def check(sphinx: Sphinx, samples: np.ndarray, text: str, before: str = "") -> WordCheck:
    words = [word.text for word in heard(sphinx, samples, text, before)]
    return compare(words_of(text), words, words_of(before))


@pytest.mark.parametrize("name", ["nature", *DEMO])
def test_what_is_said_right_is_heard_right_and_when(sphinx: Sphinx, name: str) -> None:
    samples, text = recording(name)
    words = heard(sphinx, samples, text, before="and this is something else.")
    assert [word.text for word in words] == words_of(text)
    assert all(word.start < word.end for word in words)
    assert all(one.end <= other.start + 0.011 for one, other in pairwise(words))
    assert words[-1].end <= samples.size / SAMPLE_RATE + 0.02


def test_times_are_where_the_sound_is(sphinx: Sphinx) -> None:
    """The same recording later: every word is later by as much."""
    before = heard(sphinx, NATURE, SAID)
    silence = 0.0003 * np.random.default_rng(1).standard_normal(SAMPLE_RATE, np.float32)
    after = heard(sphinx, np.concatenate([silence, NATURE]), SAID)
    assert [word.text for word in after] == [word.text for word in before]
    shifts = [late.start - early.start for early, late in zip(before[1:], after[1:], strict=True)]
    assert shifts == pytest.approx([1.0] * len(shifts), abs=0.06)


@pytest.mark.parametrize("text", ["Some call me nature, others always call me mother nature.", f"{SAID} Goodbye."])
def test_a_word_of_the_text_that_is_not_said_is_missing(sphinx: Sphinx, text: str) -> None:
    (word,) = set(words_of(text)) - set(words_of(SAID))
    assert check(sphinx, NATURE, text).missing == (word,)


def test_a_word_that_was_cut_out_is_missing(sphinx: Sphinx) -> None:
    word = next(word for word in heard(sphinx, NATURE, SAID) if word.text == "mother")
    first, last = (round(time * SAMPLE_RATE) for time in (word.start, word.end))
    cut = np.concatenate([NATURE[:first], NATURE[last:]])
    assert check(sphinx, cut, SAID).missing == ("mother",)


def test_a_word_that_is_said_twice_is_repeated(sphinx: Sphinx) -> None:
    word = next(word for word in heard(sphinx, NATURE, SAID) if word.text == "others")
    first, last = (round(time * SAMPLE_RATE) for time in (word.start, word.end))
    found = check(sphinx, np.concatenate([NATURE[:last], NATURE[first:last], NATURE[last:]]), SAID)
    assert (found.repeated, found.missing, found.leaked) == (("others",), (), ())


def test_the_end_of_the_reference_before_the_text_leaks(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "Others call me mother nature.", before="Some call me nature.")
    assert (found.leaked, found.missing) == (("some", "call", "me", "nature"), ())


def test_another_text_is_not_taken_for_the_text(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "A quick brown fox jumps over the lazy dog near the river.")
    assert found.word_error_rate > 0.4


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(10), np.zeros(SAMPLE_RATE), np.full(SAMPLE_RATE, 0.9)])
def test_where_nothing_is_said_words_are_missing(sphinx: Sphinx, samples: np.ndarray) -> None:
    assert check(sphinx, samples.astype(np.float32), SAID).missing


def test_a_text_without_words_has_none(sphinx: Sphinx) -> None:
    assert heard(sphinx, NATURE, "… — !") == []


def test_words_that_no_dictionary_has_are_spelled_and_never_called_missing(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "Some call me nature, Kaelithwyn call me mother nature.")
    assert "kaelithwyn" in found.heard
    assert found.missing == ()


def test_one_question_leaves_nothing_behind_for_the_next(sphinx: Sphinx) -> None:
    first = heard(sphinx, NATURE, SAID)
    heard(sphinx, recording("m1")[0], recording("m1")[1])
    assert heard(sphinx, NATURE, SAID) == first
