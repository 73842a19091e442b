"""Chunking: no text is lost, no chunk is empty, and texts are split at the best places."""

from __future__ import annotations

import random
import re

import pytest

from f5_pipeline.text.chunking import TextChunk, chunk_text, sentences, utf8_bytes


def texts(text: str, limit: float, **options: float) -> list[str]:
    return [chunk.text for chunk in chunk_text(text, limit, **options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith came. He left.", ["Dr. Smith came.", "He left."]),
        ("J. K. Rowling wrote it. I read it.", ["J. K. Rowling wrote it.", "I read it."]),
        ("It was I. Then we left.", ["It was I.", "Then we left."]),
        ('"Really?" she said. "Yes."', ['"Really?" she said.', '"Yes."']),
        ("He said so.) Then.", ["He said so.)", "Then."]),
        ("Wait... what? No...", ["Wait... what?", "No..."]),
        ("dr. smith came. he left.", ["dr. smith came.", "he left."]),
        ("pi is 3.14 or so. yes.", ["pi is 3.14 or so.", "yes."]),
        ("cats, dogs, etc. and more.", ["cats, dogs, etc. and more."]),
        ("the end, etc.", ["the end, etc."]),
        ("今天好。你呢？我也好！", ["今天好。", "你呢？", "我也好！"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("no marks at all", ["no marks at all"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_short_text_is_one_chunk() -> None:
    assert chunk_text("Hello there.", 100) == [TextChunk("Hello there.")]
    assert chunk_text(" \n\n \n", 100) == []


def test_sentences_share_a_chunk_while_they_fit() -> None:
    assert texts("One two. Three four. Five six.", 20) == ["One two. Three four.", "Five six."]


def test_a_long_sentence_is_cut_at_a_clause_near_its_middle() -> None:
    text = "when the rain had stopped, we went down to the river, and there was nobody"
    assert texts(text, 60) == ["when the rain had stopped,", "we went down to the river, and there was nobody"]


def test_a_sentence_without_clauses_is_cut_between_words_near_its_middle() -> None:
    chunks = texts("one two three four five six seven eight nine ten", 40)
    assert [len(chunk.split()) for chunk in chunks] == [5, 5]


def test_a_text_without_words_is_cut_anywhere() -> None:
    assert "".join(texts("x" * 95, 10)) == "x" * 95
    assert texts("一二三四", 6) == ["一二", "三四"]
    assert texts("一二", 1) == ["一", "二"]  # a character is never cut, whatever its cost


def test_a_short_chunk_is_joined_with_its_neighbour_and_the_two_are_divided_again() -> None:
    text = "This sentence has exactly so many words. Yes."
    assert texts(text, 42) == ["This sentence has exactly so many words.", "Yes."]
    first, second = texts(text, 42, shortest=12)
    assert min(utf8_bytes(first), utf8_bytes(second)) >= 12
    assert f"{first} {second}" == text


def test_paragraphs_are_followed_by_a_pause_and_never_joined() -> None:
    assert chunk_text("One.\n\nTwo.\n \n\nThree. Four.", 100, shortest=50, paragraph_pause=0.8) == [
        TextChunk("One.", 0.8),
        TextChunk("Two.", 0.8),
        TextChunk("Three. Four.", 0.0),
    ]


def test_the_same_paragraph_twice_has_its_pause_both_times() -> None:
    assert [chunk.pause_after_seconds for chunk in chunk_text("Ha.\n\nHa.\n\nHa.", 100)] == [0.6, 0.6, 0.0]


def test_single_line_ends_are_spaces() -> None:
    assert texts("one\ntwo", 100) == ["one two"]


def test_the_cost_function_may_be_any() -> None:
    def words(text: str) -> float:
        return len(text.split())

    chunks = chunk_text("a b c d. e f g. h i j k l m n o p.", 4, cost=words)
    assert [words(chunk.text) for chunk in chunks] == [4, 3, 3, 2, 4]


def test_an_edit_changes_only_chunks_of_its_paragraph() -> None:
    dice = random.Random(1)
    paragraphs = [" ".join(f"word{dice.randrange(99)}" for _ in range(60)) + "." for _ in range(4)]
    before = texts("\n\n".join(paragraphs), 80)
    edited = [paragraphs[0], paragraphs[1].replace("word", "another", 1), *paragraphs[2:]]
    after = texts("\n\n".join(edited), 80)
    same = set(before) & set(after)
    assert len(same) >= len(before) - len(texts(paragraphs[1], 80))


@pytest.mark.parametrize("limit", [0, -1.0])
def test_a_limit_must_be_positive(limit: float) -> None:
    with pytest.raises(ValueError, match="limit must be positive"):
        chunk_text("a", limit)


def test_random_texts_lose_nothing() -> None:
    """4,000 random texts and limits: all characters in order, no chunk empty or over its limit."""
    alphabet = "abc .,!?;:-—\"')( \n\n。！é好J.Dr. "
    for seed in range(4_000):
        dice = random.Random(seed)
        text = "".join(dice.choices(alphabet, k=dice.randrange(120)))
        limit, shortest = dice.randrange(1, 50), dice.randrange(12)
        chunks = chunk_text(text, limit, shortest=shortest)
        assert squeezed("".join(chunk.text for chunk in chunks)) == squeezed(text), (seed, text)
        assert all(chunk.text == chunk.text.strip() != "" for chunk in chunks), (seed, text)
        assert all(utf8_bytes(chunk.text) <= limit or len(chunk.text) == 1 for chunk in chunks), (seed, text)


def test_random_words_are_never_cut_while_they_fit() -> None:
    for seed in range(500):
        dice = random.Random(seed)
        words = [
            "".join(dice.choices("abcdef", k=dice.randrange(1, 9))) + dice.choice(["", "", ",", "."]) for _ in range(60)
        ]
        chunks = texts(" ".join(words), dice.randrange(12, 60), shortest=dice.randrange(12))
        assert [word for chunk in chunks for word in chunk.split()] == words, seed


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("repeated", ["x", "word ", "a. ", "\n", " ", ".", ". ", "- ", "\n \n", '."', "。"])
def test_odd_repetitions_do_not_hang(repeated: str) -> None:
    assert isinstance(chunk_text(repeated * (50_000 // len(repeated)), 100, shortest=20), list)
