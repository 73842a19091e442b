"""Transcripts compared with their texts."""

from __future__ import annotations

import pytest

from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of

REF_TEXT = "She drinks a cup of tea and reads the news."
TEXT = "The captain painted the green bicycle, and then went home."


def check(transcript: str, text: str = TEXT, ref_text: str = REF_TEXT) -> WordCheck:
    return compare(words_of(text), words_of(transcript), words_of(ref_text))


def errors(result: WordCheck) -> dict[str, object]:
    kinds = ("missing", "repeated", "added", "misheard", "leaked")
    return {kind: value for kind in kinds if (value := getattr(result, kind))}


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [
        (TEXT, {}),
        ("the Captain painted; the green bicycle and THEN went home", {}),
        ("the captain painted the bicycle and then went home", {"missing": ("green",)}),
        ("captain painted the green bicycle and then went home", {"missing": ("the",)}),
        ("the captain painted the green", {"missing": ("bicycle", "and", "then", "went", "home")}),
        ("the captain captain painted the green bicycle and then went home", {"repeated": ("captain",)}),
        (
            "the captain painted the captain painted the green bicycle and then went home",
            {"repeated": ("captain", "painted", "the")},
        ),
        ("the captain painted the very green bicycle and then went home", {"added": ("very",)}),
        ("the captain painted the green bicycle and then went home thank you", {"added": ("thank", "you")}),
        ("the captain planted the green bicycle and then went home", {"misheard": (("painted", "planted"),)}),
        (
            "reads the news the captain painted the green bicycle and then went home",
            {"leaked": ("reads", "the", "news")},
        ),
        ("news the captain painted the green bicycle and then went home", {"leaked": ("news",)}),
        ("a cup the captain painted the green bicycle and then went home", {"added": ("a", "cup")}),
        ("", {"missing": tuple(words_of(TEXT))}),
    ],
)
def test_kinds_of_errors_are_distinguished(transcript: str, expected: dict[str, object]) -> None:
    assert errors(check(transcript)) == expected


def test_a_text_that_begins_like_the_end_of_the_reference_has_no_leak() -> None:
    assert errors(check("the news is good", text="The news is good.")) == {}
    assert errors(check("the news the news is good", text="The news is good."))["leaked"] == ("the", "news")


@pytest.mark.parametrize(
    ("text", "transcript"),
    [("Every day we met.", "everyday we met"), ("an airfield", "an air field"), ("twenty-one", "twenty one")],
)
def test_joined_and_separate_spellings_are_equal(text: str, transcript: str) -> None:
    assert errors(check(transcript, text)) == {}


def test_the_word_error_rate_counts_every_error_once() -> None:
    result = check("news the captain planted the green green bicycle and went home")
    assert errors(result) == {
        "leaked": ("news",),
        "misheard": (("painted", "planted"),),
        "repeated": ("green",),
        "missing": ("then",),
    }
    assert result.word_error_rate == pytest.approx(4 / 10)
    assert result.measures["word_error_rate"] == 0.4


def test_an_empty_text_and_transcript_have_no_error() -> None:
    assert check("", text="").word_error_rate == 0.0
    assert check("well", text="").word_error_rate == 1.0


def test_words_are_case_folded_without_punctuation_but_with_apostrophes() -> None:
    assert words_of("“Don’t!” — said Émile, 42_000 times: A.B.") == [
        "don't",
        "said",
        "émile",
        "42",
        "000",
        "times",
        "a",
        "b",
    ]
    assert words_of("Straße ﬁne") == ["strasse", "fine"]


def test_chinese_is_compared_by_character() -> None:
    assert words_of("你好，世界。ok") == ["你", "好", "世", "界", "ok"]
    assert errors(check("你好世", text="你好，世界。", ref_text="")) == {"missing": ("界",)}


def test_the_checks_of_chunks_are_joined() -> None:
    chunks = [check("one two", "one two three", ""), check("four four", "four", "")]
    line = WordCheck.joined(chunks)
    assert (line.expected, line.missing, line.repeated) == (4, ("three",), ("four",))
    assert line.transcript == ("one", "two", "four", "four")
    assert line.word_error_rate == 0.5
    assert WordCheck.joined(chunks[:1]) is chunks[0]


def test_index_columns() -> None:
    columns = check("the captain painted the green bicycle and then went").columns("recogniser-1")
    assert columns == {
        "word_error_rate": 0.1,
        "missing_words": 1,
        "repeated_words": 0,
        "added_words": 0,
        "misheard_words": 0,
        "leaked_words": 0,
        "heard_text": "the captain painted the green bicycle and then went",
        "recogniser": "recogniser-1",
    }
