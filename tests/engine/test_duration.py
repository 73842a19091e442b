"""Planning: durations that fit the script, chunks that fit the model, batches that fit the budget. Pure."""

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
def test_latin_text_takes_as_long_as_upstream_says(text: str, speed: float) -> None:
    assert frames(text, ENGLISH, speed) == pytest.approx(upstream_frames(text, ENGLISH, speed), abs=2)


@pytest.mark.parametrize("speed", [0.3, 0.5, 1.0, 1.5, 3.0])
@pytest.mark.parametrize(
    "text", ["no.", "a", "one, two, three, four, five.", "the quick brown fox jumps over the dog."]
)
def test_room_for_words_begins_where_the_reference_ends(text: str, speed: float) -> None:
    """The text is spread over all frames; the part in the frames of the reference is lost."""
    word_timing = WordTiming(3.0, {"^": 24.0, "T.": 15.0, "T,": 18.0, "#a": -10.0, "qui": 20.0})
    reference = Reference(NATURE, 3.0, 2.9, even=True, word_timing=word_timing)
    frames = speech_frames(text, reference, speed)
    before, after = word_timing.pad_pair(NATURE, text, reference.frames, frames)
    tokens = len(before.rstrip() + " " + after)
    each = (reference.frames + frames) / tokens
    begins = each * (tokens - len(after.lstrip()))
    assert begins == pytest.approx(reference.frames, abs=each)
    assert each > 1


def test_what_takes_long_to_say_is_given_long() -> None:
    word_timing = WordTiming(3.0, {"^": 12.0, "T,": 18.0})
    reference = Reference(NATURE, 3.0, 2.9, even=True, word_timing=word_timing)
    quick, slow = (speech_seconds(text, reference, 1.0) for text in ("one two six ten oh.", "one, two, six, ten."))
    assert slow > 1.5 * quick


def test_silence_at_the_end_of_the_reference_is_not_speech() -> None:
    silent = Reference(NATURE, 5.0, 4.0)
    assert speech_seconds(LONG, silent, 1.0) == speech_seconds(LONG, ENGLISH, 1.0)
    assert silent.frames > ENGLISH.frames


def test_scripts_take_the_time_they_take_and_not_the_bytes_they_need() -> None:
    english, russian = "Today the weather is fine.", "Сегодня хорошая погода, да."
    assert len(russian.encode()) > 1.8 * len(english.encode())
    spoken = {text: speech_seconds(text, ENGLISH, 1.0) for text in (english, russian)}
    assert spoken[russian] == pytest.approx(spoken[english], rel=0.1)  # by bytes: 1.8 times as long
    assert speech_seconds(english, RUSSIAN, 1.0) == pytest.approx(speech_seconds(english, ENGLISH, 1.0), rel=0.15)
    assert frames(russian, RUSSIAN) == pytest.approx(upstream_frames(russian, RUSSIAN), rel=0.05)


def test_chinese_is_counted_as_upstream_counts_it_also_after_a_latin_reference() -> None:
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
        ("नमस्ते", 5),  # the virama takes no time, the vowel sign does
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
def test_a_text_of_a_few_letters_is_neither_swallowed_nor_drawn_out(text: str) -> None:
    share = ENGLISH.seconds * len(text) / len(NATURE)
    spoken = speech_seconds(text, ENGLISH, 1.0)
    assert share + 0.1 < spoken < share + 0.25
    assert spoken < 3.3 * share + 0.1  # upstream forces speed 0.3 on whatever has less than ten bytes


def test_one_letter_more_is_never_shorter_and_never_a_jump() -> None:
    spoken = [speech_seconds("a" * length, ENGLISH, 1.0) for length in range(1, 40)]
    steps = [later - earlier for earlier, later in pairwise(spoken)]
    assert min(steps) > 0
    assert max(steps) <= ENGLISH.seconds / len(NATURE) + 1e-9


def test_twice_the_speed_is_half_the_time() -> None:
    for text in ("Yes.", LONG):
        assert speech_seconds(text, ENGLISH, 2.0) == pytest.approx(speech_seconds(text, ENGLISH, 1.0) / 2)


def test_an_empty_reference_text_does_not_divide_by_nothing() -> None:
    assert speech_seconds("Hello there, you.", Reference("", 3.0, 3.0), 1.0) > 0


def test_reference_frames_are_those_of_the_mel_spectrogram() -> None:
    assert Reference("x", 1.0, 1.0).frames == 24_000 // 256 + 1
    assert Reference("x", 256 / 24_000, 0.01).frames == 2
    assert seconds_of(frames_of(3.2)) == pytest.approx(3.2, abs=HOP_LENGTH / SAMPLE_RATE)


# --- room and chunks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference_seconds", "max_seconds", "room"),
    [
        (4.0, 17.0, 13.0),
        (8.0, 30.0, 20.0),  # longer chunks drift
        (15.0, 17.0, 2.0),
        (15.1, 17.0, 0.0),  # too little to say anything
        (22.0, 17.0, 0.0),
    ],
)
def test_room(reference_seconds: float, max_seconds: float, room: float) -> None:
    assert max_chunk_seconds(Reference("x", reference_seconds, 3.0), max_seconds) == room


@pytest.mark.parametrize("reference_seconds", [2.0, 8.0, 12.0])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_chunks_fit_the_room_and_lose_nothing(reference_seconds: float, speed: float) -> None:
    reference = Reference(NATURE, reference_seconds, reference_seconds)
    room = max_chunk_seconds(reference, 17.0)
    chunks = plan_chunks(LONG, reference, speed, 17.0)
    assert " ".join(chunk.text for chunk in chunks) == LONG.strip()
    assert all(0 < speech_seconds(chunk.text, reference, speed) <= room for chunk in chunks)


def test_more_speed_is_fewer_chunks() -> None:
    slow, fast = (len(plan_chunks(LONG, ENGLISH, speed, 17.0)) for speed in (0.5, 2.0))
    assert slow > 2 * fast


def test_a_short_text_is_one_chunk_and_paragraphs_pause() -> None:
    assert [(c.text, c.pause_after_seconds) for c in plan_chunks("Yes.", ENGLISH, 1.0, 17.0)] == [("Yes.", 0.0)]
    paragraphs = plan_chunks(f"{LONG}\n\nThe end.", ENGLISH, 1.0, 17.0)
    assert [c.pause_after_seconds > 0 for c in paragraphs] == [False] * (len(paragraphs) - 2) + [True, False]


def test_no_room_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(ValueError, match="positive"):
        plan_chunks("Hello.", Reference("x", 16.0, 16.0), 1.0, 17.0)


def test_even_one_letter_has_a_frame() -> None:
    assert speech_frames("a", Reference(NATURE * 90, 1.0, 1.0, even=True), 3.0) == 1


# --- batches --------------------------------------------------------------------------------------------------


def test_batches_keep_to_the_budget_and_the_order() -> None:
    assert pack([4, 4, 4, 4, 4], "aaaaa", 10) == [[0, 1], [2, 3], [4]]
    assert pack([5, 5], "aa", 10) == [[0, 1]]
    assert pack([], "", 10) == []


def test_what_is_longer_than_the_budget_goes_alone() -> None:
    assert pack([3, 99, 3, 3], "aaaa", 10) == [[0], [1], [2, 3]]


def test_groups_are_never_mixed_and_do_not_split_each_other() -> None:
    assert pack([2, 2, 2, 2], "abab", 10) == [[0, 2], [1, 3]]


def test_everything_is_packed_exactly_once() -> None:
    lengths = [(7 * n) % 13 + 1 for n in range(200)]
    groups = [n % 3 for n in range(200)]
    batches = pack(lengths, groups, 20)
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    for batch in batches:
        assert batch == sorted(batch)
        assert len({groups[index] for index in batch}) == 1
        assert sum(lengths[index] for index in batch) <= 20


def test_as_many_lengths_as_groups() -> None:
    with pytest.raises(ValueError, match="zip"):
        pack([1, 2], "a", 10)
