"""Word timing: the spaces that a text gets from a table of word durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadWeights
from f5_pipeline.models.word_timing import WordTiming, read_word_timing, word_features

LONG = WordTiming(2.0, {"#one": 20.0, "#two": 4.0, "#three": 30.0, "N#": 1.0})


@pytest.mark.parametrize(
    ("text", "padded"),
    [
        ("", ""),
        ("one", "one       "),  # 20 frames, 2 per token
        ("one two", "one       two "),  # at least one space
        ("  one \n two  ", "one       two "),
        ("two two one", "two two one   "),  # the last word makes up for the tokens that the short ones need
        ("unheardof", "unheardof "),
    ],
)
def test_a_word_gets_tokens_in_proportion_to_its_duration(text: str, padded: str) -> None:
    assert LONG.padded(text) == padded


def test_rounding_errors_do_not_accumulate() -> None:
    text = WordTiming(3.0, {"#ab": 10.0}).padded(" ".join(["ab"] * 100))
    starts = [start for start in range(len(text)) if text.startswith("ab", start)]
    assert all(abs(start - 10 * number / 3) <= 0.5 for number, start in enumerate(starts))


@pytest.mark.parametrize(
    ("tokens", "padded"),
    [
        (24, "one                 two "),  # 20 and 4 frames
        (13, "one      two "),  # the short word needs more than its share; the long one makes up for it
        (9, "one  two "),
        (8, "one two "),
        (3, "one two "),  # letters cannot be dropped
        (30, "one                      two  "),
    ],
)
def test_words_share_a_given_number_of_tokens(tokens: int, padded: str) -> None:
    assert LONG.padded("one two", tokens) == padded


@pytest.mark.parametrize("tokens", range(60, 300, 7))
def test_the_padded_text_has_exactly_the_given_length(tokens: int) -> None:
    text = "one, two and three; unheardof words of no table, and at the end: a, b, c, d."
    assert len(LONG.padded(text, tokens)) == max(tokens, len(text) + 1)
    assert LONG.padded(text, tokens).split() == text.split()
    assert LONG.padded("", tokens) == " " * tokens


def test_tokens_is_the_length_of_the_padded_text() -> None:
    for text in ("", "one", " one two\nthree. "):
        assert LONG.tokens(text) == len(LONG.padded(text))


def test_padding_twice_changes_nothing() -> None:
    once = LONG.padded("one, two and three.")
    assert LONG.padded(once) == once


def test_the_references_padding_comes_before_the_text() -> None:
    """The engine, like upstream, joins the two with one space."""
    tokens = LONG.tokens("two one."), LONG.tokens("three two")
    ref_text, text = LONG.pad_pair("two one. ", "three two", *(2 * count for count in tokens))
    assert ref_text.rstrip() + " " + text == LONG.padded("two one.") + LONG.padded("three two")


@pytest.mark.parametrize("frames", [20, 50, 100, 300, 1000])
def test_each_texts_share_of_the_tokens_is_its_share_of_the_frames(frames: int) -> None:
    ref_text, text = LONG.pad_pair("two one three.", "three two one two", 100, frames)
    both = ref_text.rstrip() + " " + text
    each, remainder = divmod(100 + frames, len(both))  # as F5 divides them: the last characters get one frame more
    start = len(both) - len(text.lstrip())
    assert start <= len(both) - remainder
    assert start * each == pytest.approx(100, abs=each)
    assert " ".join(both.split()) == "two one three. three two one two"


def test_an_empty_reference_text() -> None:
    assert LONG.pad_pair("", "two", 30, 30) == (" ", " " * 14 + "two" + " " * 12)


@pytest.mark.parametrize(
    ("word", "following", "present", "absent"),
    [
        ("cat", "sat", {"^", "c", "^ca", "cat", "at$", "#cat", "Ns", "Nts"}, {"T", "Ft$"}),
        ("cat,", "sat", {"#cat", "T,", "Ft$", "Fat$", "Fcat$"}, {"Ns", "#cat,"}),
        ("cat", "", {"#cat", "T", "Fat$"}, {"Nt"}),
        ("don't", "you", {"#don't", "n't", "Ny"}, {"#dont"}),
        ("...", "", {"#", "T.", "^$"}, {"#...", "P."}),
        ("a", "b", {"^a$", "#a", "Nab"}, set()),
        ("no.'", "then", {"#no", "T.", "P."}, {"T'", "Nt"}),  # a quote does not hide the mark before it
        ("dogs'", "bowl", {"#dogs", "Nsb"}, {"T'", "Fs$"}),  # and is not a mark itself
        ("The", "Time", {"#the", "Net"}, {"T", "#The"}),  # letters are lower case, kinds upper case
    ],
)
def test_the_features_of_a_word(word: str, following: str, present: set[str], absent: set[str]) -> None:
    features = set(word_features(word, following))
    assert present <= features
    assert not absent & features


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_text('{"frames_per_token": 2, "frames": {"#one": 20, "^": 0.5}}')
    assert read_word_timing("mine", path).padded("one") == "one       "


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"{}",
        b"[]",
        b'{"frames_per_token": 0, "frames": {}}',
        b'{"frames_per_token": 1e-9, "frames": {}}',  # a padded text would be terabytes
        b'{"frames_per_token": 3, "frames": {"#the": 1e15}}',
        b'{"frames_per_token": 3, "frames": {"#the": 1e999}}',
        b'{"frames_per_token": 3, "frames": {"a": "long"}}',
        b'{"frames_per_token": 3, "frames": {"a": NaN}}',
        b'{"frames_per_token": 3, "frames": {}, "seconds": {}}',
    ],
)
def test_an_invalid_table_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_bytes(content)
    with pytest.raises(BadWeights, match=r"'mine'.*spacing\.json"):
        read_word_timing("mine", path)
