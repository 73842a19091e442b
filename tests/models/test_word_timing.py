"""Room for words: how many spaces a text gets, from a table of how long words take."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadWeights
from f5_pipeline.models.word_timing import WordTiming, parts, read_word_timing

LONG = WordTiming(2.0, {"#one": 20.0, "#two": 4.0, "#three": 30.0, "N#": 1.0})


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("", ""),
        ("one", "one       "),  # 20 frames, 2 for each token
        ("one two", "one       two "),  # no less than one space
        ("  one \n two  ", "one       two "),
        ("two two one", "two two one   "),  # what the first ones have too much, the last one has less
        ("unheardof", "unheardof "),
    ],
)
def test_a_word_has_as_many_tokens_as_it_takes_long(text: str, spaced: str) -> None:
    assert LONG.spaced(text) == spaced


def test_rounding_does_not_add_up() -> None:
    spacing = WordTiming(3.0, {"#ab": 10.0})
    text = spacing.spaced(" ".join(["ab"] * 100))
    begins = [at for at in range(len(text)) if text.startswith("ab", at)]
    assert all(abs(begin - 10 * at / 3) <= 0.5 for at, begin in enumerate(begins))


@pytest.mark.parametrize(
    ("tokens", "spaced"),
    [
        (24, "one                 two "),  # 20 and 4 frames
        (13, "one      two "),  # the short one has more letters than room, the long one gives it some
        (9, "one  two "),
        (8, "one two "),
        (3, "one two "),  # letters cannot be left out
        (30, "one                      two  "),
    ],
)
def test_a_text_gets_as_many_tokens_as_are_asked_for(tokens: int, spaced: str) -> None:
    assert LONG.spaced("one two", tokens) == spaced


@pytest.mark.parametrize("tokens", range(60, 300, 7))
def test_exactly_as_many(tokens: int) -> None:
    text = "one, two and three; unheardof words of no table, and at the end: a, b, c, d."
    assert len(LONG.spaced(text, tokens)) == max(tokens, len(text) + 1)
    assert LONG.spaced(text, tokens).split() == text.split()
    assert LONG.spaced("", tokens) == " " * tokens


def test_its_tokens_are_counted() -> None:
    for text in ("", "one", " one two\nthree. "):
        assert LONG.tokens(text) == len(LONG.spaced(text))


def test_a_text_that_is_spaced_already_stays_as_it_is() -> None:
    once = LONG.spaced("one, two and three.")
    assert LONG.spaced(once) == once


def test_what_the_reference_needs_comes_before_the_text() -> None:
    """The engine, as upstream, joins the two by one space."""
    tokens = LONG.tokens("two one."), LONG.tokens("three two")
    ref_text, text = LONG.pad_pair("two one. ", "three two", *(2 * count for count in tokens))
    assert ref_text.rstrip() + " " + text == LONG.spaced("two one.") + LONG.spaced("three two")


@pytest.mark.parametrize("frames", [20, 50, 100, 300, 1000])
def test_each_has_its_share_of_the_time(frames: int) -> None:
    ref_text, text = LONG.pad_pair("two one three.", "three two one two", 100, frames)
    both = ref_text.rstrip() + " " + text
    each, left_over = divmod(100 + frames, len(both))  # as F5 divides them: the last characters get one frame more
    begins = len(both) - len(text.lstrip())
    assert begins <= len(both) - left_over
    assert begins * each == pytest.approx(100, abs=each)
    assert " ".join(both.split()) == "two one three. three two one two"


def test_a_reference_that_says_nothing() -> None:
    assert LONG.pad_pair("", "two", 30, 30) == (" ", " " * 14 + "two" + " " * 12)


@pytest.mark.parametrize(
    ("word", "following", "some", "others"),
    [
        ("cat", "sat", {"^", "c", "^ca", "cat", "at$", "#cat", "Ns", "Nts"}, {"T", "Ft$"}),
        ("cat,", "sat", {"#cat", "T,", "Ft$", "Fat$", "Fcat$"}, {"Ns", "#cat,"}),
        ("cat", "", {"#cat", "T", "Fat$"}, {"Nt"}),
        ("don't", "you", {"#don't", "n't", "Ny"}, {"#dont"}),
        ("...", "", {"#", "T.", "^$"}, {"#..."}),
        ("a", "b", {"^a$", "#a", "Nab"}, set()),
        ("no.'", "then", {"#no", "T."}, {"T'", "Nt"}),  # the quote hides no mark
        ("dogs'", "bowl", {"#dogs", "Nsb"}, {"T'", "Fs$"}),  # and is none
        ("The", "Time", {"#the", "Net"}, {"T", "#The"}),  # letters are small, kinds large
    ],
)
def test_what_a_words_duration_depends_on(word: str, following: str, some: set[str], others: set[str]) -> None:
    found = set(parts(word, following))
    assert some <= found
    assert not others & found


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_text('{"frames_per_token": 2, "frames": {"#one": 20, "^": 0.5}}')
    assert read_word_timing("mine", path).spaced("one") == "one       "


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"frames_per_token": 0, "frames": {}}',
        '{"frames_per_token": 1e-9, "frames": {}}',  # a text would be terabytes
        '{"frames_per_token": 3, "frames": {"#the": 1e15}}',
        '{"frames_per_token": 3, "frames": {"#the": 1e999}}',
        '{"frames_per_token": 3, "frames": {"a": "long"}}',
        '{"frames_per_token": 3, "frames": {"a": NaN}}',
        '{"frames_per_token": 3, "frames": {}, "seconds": {}}',
    ],
)
def test_what_is_no_table_is_said(content: str, tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_text(content)
    with pytest.raises(BadWeights, match=r"'mine'.*spacing\.json"):
        read_word_timing("mine", path)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(BadWeights):
        read_word_timing("mine", path)
