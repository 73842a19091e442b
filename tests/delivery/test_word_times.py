"""Which written word is said when: by what was heard, however it is written, and never by guessing."""

from __future__ import annotations

import pytest

from f5_pipeline.delivery.word_times import WRITTEN, first_words, times_of
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord

_ = None


def heard(text: str) -> list[TimedWord]:
    """Words that are said a second apart; those with a question mark somewhere near."""
    return [TimedWord(word.rstrip("?"), at, at + 0.5, not word.endswith("?")) for at, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("text", "said", "times"),
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
def test_when_written_words_are_said(text: str, said: str, times: list[float | None]) -> None:
    assert len(WRITTEN.findall(text)) == len(times)
    assert times_of(text, heard(said)) == times


def test_times_never_go_back() -> None:
    """The words of a text with many of the same."""
    text = "the cat and the dog and the cat and the bird"
    times = [time for time in times_of(text, heard("the dog and the cat and the cat the bird and")) if time is not None]
    assert times
    assert times == sorted(set(times))


def segments(*counts: int) -> list[ChunkSpan]:
    return [ChunkSpan(count, 10.0 * at, 10.0 * at + 9) for at, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("text", "spoken", "counts", "firsts"),
    [
        ("One two. Three four.", "one two. three four.", (2, 2), [0, 2]),
        ("One two. Three four.", "one two. three four.", (4,), [0]),
        ("Only 42. But 7 is fine.", "only forty two. but seven is fine.", (3, 4), [0, 2]),
        ("I see. 42 is fine.", "i see. forty two is fine.", (2, 4), [0, 2]),  # a number begins it: the only way
        ("I see 7. 42 is fine.", "i see seven. forty two is fine.", (3, 4), [0, 3]),  # … that a sentence ends before
        ("I see 7 42 is fine.", "i see seven forty two is fine.", (3, 4), [0, None]),  # nobody can tell
        ("I see 7. 8. 9.", "i see seven. eight. nine.", (3, 1, 1), [0, None, None]),
        ("你好。再见。", "你好。再见。", (2, 2), [0, 3]),
        ("", "one two three", (1, 2), [0, None]),
        ("One two.", "", (2, 2), [0, None]),
    ],
)
def test_with_which_word_a_piece_begins(
    text: str, spoken: str, counts: tuple[int, ...], firsts: list[int | None]
) -> None:
    assert first_words(text, spoken, segments(*counts)) == firsts
