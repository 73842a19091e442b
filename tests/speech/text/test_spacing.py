"""Room for words: how many spaces a text gets, from a table of how long words take."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest

from f5_pipeline.errors import BadWeights
from f5_pipeline.speech.text.spacing import Spacing, parts, read_spacing

LONG = Spacing(2.0, {"#one": 20.0, "#two": 4.0, "#three": 30.0, "N#": 1.0})


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
    spacing = Spacing(3.0, {"#ab": 10.0})
    ends = list(accumulate(spacing.rooms(["ab"] * 100)))
    assert all(abs(end - 10 * (at + 1) / 3) <= 0.5 for at, end in enumerate(ends))


@pytest.mark.parametrize(
    ("speed", "spaced"), [(2.0, "one  two "), (0.5, "one                 two "), (9.0, "one two ")]
)
def test_what_is_said_faster_has_less_room(speed: float, spaced: str) -> None:
    assert LONG.spaced("one two", speed) == spaced


def test_its_tokens_are_counted() -> None:
    for text in ("", "one", " one two\nthree. "):
        assert LONG.tokens(text) == len(LONG.spaced(text))


def test_a_text_that_is_spaced_already_stays_as_it_is() -> None:
    once = LONG.spaced("one, two and three.")
    assert LONG.spaced(once) == once


def test_what_the_reference_needs_comes_before_the_text() -> None:
    """The engine, as upstream, joins the two by one space."""
    ref_text, text = LONG.side_by_side("two one. ", "three two")
    assert ref_text.rstrip() + " " + text == LONG.spaced("two one.") + LONG.spaced("three two")


def test_a_reference_that_says_nothing() -> None:
    assert LONG.side_by_side("", "two") == (" ", "two ")


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
    assert read_spacing("mine", path).spaced("one") == "one       "


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
        read_spacing("mine", path)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "spacing.json"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(BadWeights):
        read_spacing("mine", path)
