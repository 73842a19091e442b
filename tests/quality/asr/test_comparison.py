"""Words that should be said against words that were heard."""

from __future__ import annotations

import pytest

from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of

BEFORE = "She drinks a cup of tea and reads the news."
TEXT = "The captain painted the green bicycle, and then went home."


def check(heard: str, text: str = TEXT, before: str = BEFORE) -> WordCheck:
    return compare(words_of(text), words_of(heard), words_of(before))


def found(one: WordCheck) -> dict[str, object]:
    kinds = ("missing", "repeated", "added", "misheard", "leaked")
    return {kind: value for kind in kinds if (value := getattr(one, kind))}


@pytest.mark.parametrize(
    ("heard", "expected"),
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
def test_each_kind_of_error_is_told_from_the_others(heard: str, expected: dict[str, object]) -> None:
    assert found(check(heard)) == expected


def test_a_text_that_begins_like_the_reference_ends_leaks_nothing() -> None:
    assert found(check("the news is good", text="The news is good.")) == {}
    assert found(check("the news the news is good", text="The news is good."))["leaked"] == ("the", "news")


@pytest.mark.parametrize(
    ("text", "heard"),
    [("Every day we met.", "everyday we met"), ("an airfield", "an air field"), ("twenty-one", "twenty one")],
)
def test_words_may_be_written_together_or_apart(text: str, heard: str) -> None:
    assert found(check(heard, text)) == {}


def test_the_error_rate_counts_every_kind_once() -> None:
    one = check("news the captain planted the green green bicycle and went home")
    assert found(one) == {
        "leaked": ("news",),
        "misheard": (("painted", "planted"),),
        "repeated": ("green",),
        "missing": ("then",),
    }
    assert one.word_error_rate == pytest.approx(4 / 10)
    assert one.measures["word_error_rate"] == 0.4


def test_nothing_to_say_and_nothing_heard_is_no_error() -> None:
    assert check("", text="").word_error_rate == 0.0
    assert check("well", text="").word_error_rate == 1.0


def test_words_have_no_capitals_and_no_marks_and_keep_their_apostrophes() -> None:
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


def test_chinese_and_japanese_are_compared_sign_by_sign() -> None:
    assert words_of("你好，世界。ok") == ["你", "好", "世", "界", "ok"]
    assert found(check("你好世", text="你好，世界。", before="")) == {"missing": ("界",)}


def test_the_pieces_of_a_text_are_added_up() -> None:
    parts = [check("one two", "one two three", ""), check("four four", "four", "")]
    whole = WordCheck.of_all(parts)
    assert (whole.expected, whole.missing, whole.repeated) == (4, ("three",), ("four",))
    assert whole.heard == ("one", "two", "four", "four")
    assert whole.word_error_rate == 0.5
    assert WordCheck.of_all(parts[:1]) is parts[0]


def test_columns_are_numbers_and_what_was_heard() -> None:
    columns = check("the captain painted the green bicycle and then went").columns("somebody-1")
    assert columns == {
        "word_error_rate": 0.1,
        "missing_words": 1,
        "repeated_words": 0,
        "added_words": 0,
        "misheard_words": 0,
        "leaked_words": 0,
        "heard_text": "the captain painted the green bicycle and then went",
        "recogniser": "somebody-1",
    }
