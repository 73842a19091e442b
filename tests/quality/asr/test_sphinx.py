"""pocketsphinx with its own model, on recordings of people and of the demo voices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.quality.asr.sphinx import Sphinx
from f5_pipeline.results.transcripts import TimedWord
from tests.quality.asr.recordings import DEMO, recording

NATURE, TEXT = recording("nature")


@pytest.fixture(scope="module")
def sphinx() -> Sphinx:
    return Sphinx()


def transcribe(sphinx: Sphinx, samples: np.ndarray, text: str, ref_text: str = "") -> list[TimedWord]:
    return sphinx.transcribe(TranscriptionRequest(samples, text, ref_text, "en"))


def check(sphinx: Sphinx, samples: np.ndarray, text: str, ref_text: str = "") -> WordCheck:
    words = [word.text for word in transcribe(sphinx, samples, text, ref_text)]
    return compare(words_of(text), words, words_of(ref_text))


@pytest.mark.parametrize("name", ["nature", *DEMO])
def test_correct_speech_is_transcribed_with_word_times(sphinx: Sphinx, name: str) -> None:
    samples, text = recording(name)
    words = transcribe(sphinx, samples, text, ref_text="and this is something else.")
    assert [word.text for word in words] == words_of(text)
    assert all(word.start < word.end for word in words)
    assert all(one.end <= other.start + 0.011 for one, other in pairwise(words))
    assert words[-1].end <= samples.size / SAMPLE_RATE + 0.02


def test_word_times_follow_the_speech(sphinx: Sphinx) -> None:
    """With one second of silence in front, every word starts one second later."""
    before = transcribe(sphinx, NATURE, TEXT)
    silence = 0.0003 * np.random.default_rng(1).standard_normal(SAMPLE_RATE, np.float32)
    after = transcribe(sphinx, np.concatenate([silence, NATURE]), TEXT)
    assert [word.text for word in after] == [word.text for word in before]
    shifts = [late.start - early.start for early, late in zip(before[1:], after[1:], strict=True)]
    assert shifts == pytest.approx([1.0] * len(shifts), abs=0.06)


@pytest.mark.parametrize("text", ["Some call me nature, others always call me mother nature.", f"{TEXT} Goodbye."])
def test_a_word_that_is_not_spoken_is_missing(sphinx: Sphinx, text: str) -> None:
    (word,) = set(words_of(text)) - set(words_of(TEXT))
    assert check(sphinx, NATURE, text).missing == (word,)


def test_a_word_cut_from_the_recording_is_missing(sphinx: Sphinx) -> None:
    word = next(word for word in transcribe(sphinx, NATURE, TEXT) if word.text == "mother")
    first, last = (round(time * SAMPLE_RATE) for time in (word.start, word.end))
    cut = np.concatenate([NATURE[:first], NATURE[last:]])
    assert check(sphinx, cut, TEXT).missing == ("mother",)


def test_a_word_spoken_twice_is_repeated(sphinx: Sphinx) -> None:
    word = next(word for word in transcribe(sphinx, NATURE, TEXT) if word.text == "others")
    first, last = (round(time * SAMPLE_RATE) for time in (word.start, word.end))
    found = check(sphinx, np.concatenate([NATURE[:last], NATURE[first:last], NATURE[last:]]), TEXT)
    assert (found.repeated, found.missing, found.leaked) == (("others",), (), ())


def test_reference_words_before_the_text_are_leaked(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "Others call me mother nature.", ref_text="Some call me nature.")
    assert (found.leaked, found.missing) == (("some", "call", "me", "nature"), ())


def test_another_text_has_a_high_word_error_rate(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "A quick brown fox jumps over the lazy dog near the river.")
    assert found.word_error_rate > 0.4


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(10), np.zeros(SAMPLE_RATE), np.full(SAMPLE_RATE, 0.9)])
def test_without_speech_words_are_missing(sphinx: Sphinx, samples: np.ndarray) -> None:
    assert check(sphinx, samples.astype(np.float32), TEXT).missing


def test_a_text_without_words_has_an_empty_transcript(sphinx: Sphinx) -> None:
    assert transcribe(sphinx, NATURE, "… — !") == []


def test_words_outside_the_dictionary_are_never_missing(sphinx: Sphinx) -> None:
    found = check(sphinx, NATURE, "Some call me nature, Kaelithwyn call me mother nature.")
    assert "kaelithwyn" in found.transcript
    assert found.missing == ()


def test_requests_are_independent(sphinx: Sphinx) -> None:
    first = transcribe(sphinx, NATURE, TEXT)
    transcribe(sphinx, recording("m1")[0], recording("m1")[1])
    assert transcribe(sphinx, NATURE, TEXT) == first
