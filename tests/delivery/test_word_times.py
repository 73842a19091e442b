"""The times of written words: from the transcript, whatever the spelling, and never guessed."""

from __future__ import annotations

import pytest

from f5_pipeline.delivery.word_times import WRITTEN_WORD, first_words, word_start_times
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord

_ = None


def transcript(text: str) -> list[TimedWord]:
    """Words a second apart; the time of a word with a question mark is only approximate."""
    return [TimedWord(word.rstrip("?"), at, at + 0.5, not word.endswith("?")) for at, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("text", "spoken", "times"),
    [
        ("Hello there, friend!", "hello there friend", [0, 1, 2]),
        ("  Hello\n\nthere — friend ", "hello there friend", [0, 1, _, 2]),
        ("A well-known O’Neil can’t", "a well known o'neil can't", [0, 1, 3, 4]),
        ("Say 42 times.", "say forty two times", [0, _, 3]),
        ("Say 42 times.", "say forty? two? times", [0, _, 3]),
        ("Say it twice.", "say it? twice", [0, _, 2]),
        ("Left out a word.", "left a word", [0, _, 1, 2]),
        ("Said it twice.", "said it it twice", [0, 1, 3]),
        ("Nothing at all.", "", [_, _, _]),
        ("Nothing at all.", "something else entirely", [_, _, _]),
        ("", "what was that", []),
        ("… — !", "what", [_, _, _]),
        ("你好，世界。", "你 好 世 界", [0, 1, _, 2, 3, _]),
        ("<b>Bold</b> moves", "bold moves", [_, 1]),
    ],
)
def test_the_start_times_of_written_words(text: str, spoken: str, times: list[float | None]) -> None:
    assert len(WRITTEN_WORD.findall(text)) == len(times)
    assert word_start_times(text, transcript(spoken)) == times


def test_times_ascend_in_a_text_with_repeated_words() -> None:
    text = "the cat and the dog and the cat and the bird"
    times = [
        time
        for time in word_start_times(text, transcript("the dog and the cat and the cat the bird and"))
        if time is not None
    ]
    assert times
    assert times == sorted(set(times))


def spans(*counts: int) -> list[ChunkSpan]:
    return [ChunkSpan(count, 10.0 * at, 10.0 * at + 9) for at, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("text", "spoken_text", "counts", "firsts"),
    [
        ("One two. Three four.", "one two. three four.", (2, 2), [0, 2]),
        ("One two. Three four.", "one two. three four.", (4,), [0]),
        ("Only 42. But 7 is fine.", "only forty two. but seven is fine.", (3, 4), [0, 2]),
        (
            "I see. 42 is fine.",
            "i see. forty two is fine.",
            (2, 4),
            [0, 2],
        ),  # it begins with a number: the only possibility
        (
            "I see 7. 42 is fine.",
            "i see seven. forty two is fine.",
            (3, 4),
            [0, 3],
        ),  # the number after the end of a sentence
        ("I see 7 42 is fine.", "i see seven forty two is fine.", (3, 4), [0, None]),  # ambiguous
        ("I see 7. 8. 9.", "i see seven. eight. nine.", (3, 1, 1), [0, None, None]),
        ("你好。再见。", "你好。再见。", (2, 2), [0, 3]),
        ("", "one two three", (1, 2), [0, None]),
        ("One two.", "", (2, 2), [0, None]),
    ],
)
def test_the_first_word_of_each_segment(
    text: str, spoken_text: str, counts: tuple[int, ...], firsts: list[int | None]
) -> None:
    assert first_words(text, spoken_text, spans(*counts)) == firsts
