"""Durations by script, chunks that fit the model, batches within the budget. No model."""

from __future__ import annotations

from itertools import pairwise

import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.duration import (
    Reference,
    max_chunk_seconds,
    pack,
    plan_chunks,
    speech_frames,
    speech_seconds,
    speech_units,
)
from f5_pipeline.engine.protocol import HOP_LENGTH, frames_of, seconds_of
from f5_pipeline.models.word_timing import WordTiming

NATURE = "Some call me nature, others call me mother nature. "
ENGLISH = Reference(NATURE, 4.0, 4.0)  # 51 characters in 4 s: 12.75 a second
RUSSIAN = Reference("Некоторые зовут меня природой, другие матерью. ", 4.0, 4.0)
CHINESE = Reference("有些人叫我自然，其他人叫我自然母亲。", 4.0, 4.0)

LONG = "the quick brown fox jumps over the lazy dog. " * 20


def upstream_frames(text: str, reference: Reference, speed: float = 1.0) -> int:
    """F5-TTS 1.1.22, ``infer_batch_process``: the frames to generate, by UTF-8 bytes."""
    reference_frames = round(reference.seconds * SAMPLE_RATE) // HOP_LENGTH
    return int(reference_frames / len(reference.text.encode()) * len(text.encode()) / speed)


def frames(text: str, reference: Reference, speed: float = 1.0) -> int:
    return frames_of(speech_seconds(text, reference, speed))


# --- durations ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.3])
@pytest.mark.parametrize(
    "text",
    ["The old harbour was quiet.", "One hundred and seven, she said!", LONG, "x" * 12],
    ids=["sentence", "clauses", "long", "shortest ordinary"],
)
def test_latin_text_has_the_duration_of_upstream(text: str, speed: float) -> None:
    assert frames(text, ENGLISH, speed) == pytest.approx(upstream_frames(text, ENGLISH, speed), abs=2)


@pytest.mark.parametrize("speed", [0.3, 0.5, 1.0, 1.5, 3.0])
@pytest.mark.parametrize(
    "text", ["no.", "a", "one, two, three, four, five.", "the quick brown fox jumps over the dog."]
)
def test_padded_text_begins_where_the_reference_ends(text: str, speed: float) -> None:
    """The model spreads the text over all frames; what falls into the frames of the reference is lost."""
    word_timing = WordTiming(3.0, {"^": 24.0, "T.": 15.0, "T,": 18.0, "#a": -10.0, "qui": 20.0})
    reference = Reference(NATURE, 3.0, 2.9, even=True, word_timing=word_timing)
    frames = speech_frames(text, reference, speed)
    padded_ref_text, padded_text = word_timing.pad_pair(NATURE, text, reference.frames, frames)
    tokens = len(padded_ref_text.rstrip() + " " + padded_text)
    frames_per_token = (reference.frames + frames) / tokens
    first_frame = frames_per_token * (tokens - len(padded_text.lstrip()))
    assert first_frame == pytest.approx(reference.frames, abs=frames_per_token)
    assert frames_per_token > 1


def test_word_timing_lengthens_slow_text() -> None:
    word_timing = WordTiming(3.0, {"^": 12.0, "T,": 18.0})
    reference = Reference(NATURE, 3.0, 2.9, even=True, word_timing=word_timing)
    fast, slow = (speech_seconds(text, reference, 1.0) for text in ("one two six ten oh.", "one, two, six, ten."))
    assert slow > 1.5 * fast


def test_silence_at_the_end_of_the_reference_is_not_speech() -> None:
    silent = Reference(NATURE, 5.0, 4.0)
    assert speech_seconds(LONG, silent, 1.0) == speech_seconds(LONG, ENGLISH, 1.0)
    assert silent.frames > ENGLISH.frames


def test_durations_do_not_depend_on_the_bytes_of_a_script() -> None:
    english, russian = "Today the weather is fine.", "Сегодня хорошая погода, да."
    assert len(russian.encode()) > 1.8 * len(english.encode())
    seconds = {text: speech_seconds(text, ENGLISH, 1.0) for text in (english, russian)}
    assert seconds[russian] == pytest.approx(seconds[english], rel=0.1)  # by bytes: 1.8 times as long
    assert speech_seconds(english, RUSSIAN, 1.0) == pytest.approx(seconds[english], rel=0.15)
    assert frames(russian, RUSSIAN) == pytest.approx(upstream_frames(russian, RUSSIAN), rel=0.05)


def test_chinese_text_has_the_duration_of_upstream_after_any_reference() -> None:
    text = "今天的天气真好。"
    assert frames(text, CHINESE) == pytest.approx(upstream_frames(text, CHINESE), rel=0.02)
    assert frames(text, ENGLISH) == pytest.approx(upstream_frames(text, ENGLISH), rel=0.02)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("abc, d.", 7),
        ("naïve", 5),
        ("nai\u0308ve", 5),  # the same, decomposed
        ("привет", 6),
        ("καλημέρα", 8),
        ("שלום", 4),
        ("مرحبا", 5),
        ("नमस्ते", 5),  # the virama has no duration, the vowel sign has one
        ("你好", 6),
        ("。", 3),
        ("かな", 4),
        ("한국", 5),
        ("", 0),
    ],
)
def test_speech_units(text: str, units: float) -> None:
    assert speech_units(text) == units


@pytest.mark.parametrize("text", ["Yes.", "I", "No!", "Hm."])
def test_a_very_short_text_is_neither_truncated_nor_stretched(text: str) -> None:
    share = ENGLISH.seconds * len(text) / len(NATURE)
    seconds = speech_seconds(text, ENGLISH, 1.0)
    assert share + 0.1 < seconds < share + 0.25
    assert seconds < 3.3 * share + 0.1  # upstream forces speed 0.3 on texts of less than ten bytes


def test_durations_grow_with_each_letter_without_jumps() -> None:
    seconds = [speech_seconds("a" * length, ENGLISH, 1.0) for length in range(1, 40)]
    steps = [longer - shorter for shorter, longer in pairwise(seconds)]
    assert min(steps) > 0
    assert max(steps) <= ENGLISH.seconds / len(NATURE) + 1e-9


def test_twice_the_speed_is_half_the_duration() -> None:
    for text in ("Yes.", LONG):
        assert speech_seconds(text, ENGLISH, 2.0) == pytest.approx(speech_seconds(text, ENGLISH, 1.0) / 2)


def test_an_empty_reference_text_gives_a_positive_duration() -> None:
    assert speech_seconds("Hello there, you.", Reference("", 3.0, 3.0), 1.0) > 0


def test_reference_frames_are_the_frames_of_its_mel_spectrogram() -> None:
    assert Reference("x", 1.0, 1.0).frames == SAMPLE_RATE // HOP_LENGTH + 1
    assert Reference("x", HOP_LENGTH / SAMPLE_RATE, 0.01).frames == 2
    assert seconds_of(frames_of(3.2)) == pytest.approx(3.2, abs=HOP_LENGTH / SAMPLE_RATE)


# --- chunks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference_seconds", "max_seconds", "chunk_seconds"),
    [
        (4.0, 17.0, 13.0),
        (8.0, 30.0, 20.0),  # longer chunks drift
        (15.0, 17.0, 2.0),
        (15.1, 17.0, 0.0),  # under two seconds are too few
        (22.0, 17.0, 0.0),
    ],
)
def test_max_chunk_seconds(reference_seconds: float, max_seconds: float, chunk_seconds: float) -> None:
    assert max_chunk_seconds(Reference("x", reference_seconds, 3.0), max_seconds) == chunk_seconds


@pytest.mark.parametrize("reference_seconds", [2.0, 8.0, 12.0])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_chunks_fit_the_model_and_contain_the_whole_text(reference_seconds: float, speed: float) -> None:
    reference = Reference(NATURE, reference_seconds, reference_seconds)
    max_seconds = max_chunk_seconds(reference, 17.0)
    chunks = plan_chunks(LONG, reference, speed, 17.0)
    assert " ".join(chunk.text for chunk in chunks) == LONG.strip()
    assert all(0 < speech_seconds(chunk.text, reference, speed) <= max_seconds for chunk in chunks)


def test_a_higher_speed_needs_fewer_chunks() -> None:
    slow, fast = (len(plan_chunks(LONG, ENGLISH, speed, 17.0)) for speed in (0.5, 2.0))
    assert slow > 2 * fast


def test_a_short_text_is_one_chunk_and_paragraphs_end_with_a_pause() -> None:
    assert [(c.text, c.pause_after_seconds) for c in plan_chunks("Yes.", ENGLISH, 1.0, 17.0)] == [("Yes.", 0.0)]
    paragraphs = plan_chunks(f"{LONG}\n\nThe end.", ENGLISH, 1.0, 17.0)
    assert [c.pause_after_seconds > 0 for c in paragraphs] == [False] * (len(paragraphs) - 2) + [True, False]


def test_a_reference_that_is_too_long_for_the_model_is_an_error() -> None:
    with pytest.raises(ValueError, match="positive"):
        plan_chunks("Hello.", Reference("x", 16.0, 16.0), 1.0, 17.0)


def test_one_letter_has_at_least_one_frame() -> None:
    assert speech_frames("a", Reference(NATURE * 90, 1.0, 1.0, even=True), 3.0) == 1


# --- batches --------------------------------------------------------------------------------------------------


def test_batches_stay_within_the_budget_and_in_order() -> None:
    assert pack([4, 4, 4, 4, 4], "aaaaa", 10) == [[0, 1], [2, 3], [4]]
    assert pack([5, 5], "aa", 10) == [[0, 1]]
    assert pack([], "", 10) == []


def test_a_length_over_the_budget_is_a_batch_of_its_own() -> None:
    assert pack([3, 99, 3, 3], "aaaa", 10) == [[0], [1], [2, 3]]


def test_each_batch_has_one_group_and_interleaved_groups_are_not_split() -> None:
    assert pack([2, 2, 2, 2], "abab", 10) == [[0, 2], [1, 3]]


def test_each_index_is_packed_once() -> None:
    lengths = [(7 * n) % 13 + 1 for n in range(200)]
    groups = [n % 3 for n in range(200)]
    batches = pack(lengths, groups, 20)
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    for batch in batches:
        assert batch == sorted(batch)
        assert len({groups[index] for index in batch}) == 1
        assert sum(lengths[index] for index in batch) <= 20


def test_lengths_and_groups_must_be_equally_many() -> None:
    with pytest.raises(ValueError, match="zip"):
        pack([1, 2], "a", 10)
