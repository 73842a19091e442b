"""Teachers that are told a rhythm: durations, and the times of words and phonemes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import seconds_of
from f5_pipeline.models.word_timing import WordTiming
from training.recipe import Speaker
from training.rendering import Renderer
from training.teachers.protocol import PAUSE
from training.teachers.stub import Stub, synthesizer
from training.teachers.timed import TimedTeacher, TimedText, in_rhythm, spoken_at

TEXT = "the cat, a very old one. it slept."
WORDS = TEXT.split()
SPEAKER = Speaker(voice="1.0")
TABLE = WordTiming(3.0, {"T.": 40.0, "P.": 30.0, "T,": 25.0, "^a$": 30.0, "#very": 12.0, "^t": 14.0, "^o": 9.0})


@pytest.mark.parametrize("silence", [0.0, 0.1])
def test_words_begin_where_the_padded_text_has_them(silence: float) -> None:
    stub = Stub(1.0)
    timed = TimedText.of(TEXT, stub.symbols(TEXT))
    assert timed is not None
    natural = stub.durations(timed.symbols, 1.0)
    natural[timed.end] += silence / stub.unit
    changed = in_rhythm(timed, natural, TABLE, stub.unit, silence)
    assert changed.sum() == natural.sum()
    assert changed.min() >= 1
    assert (changed == np.rint(changed)).all()
    assert changed[timed.end] >= silence / stub.unit
    bounds = timed.bounds(changed) * stub.unit
    seconds = bounds[-1] - silence - bounds[0] + 0.06  # of the clip, with its margins
    padded = TABLE.padded(TEXT, round(seconds / seconds_of(1) / 3))
    at = np.cumsum([0, *(len(word) for word in WORDS)])[:-1]
    positions = [index for index, (one, two) in enumerate(pairwise(f" {padded}")) if one == " " != two]
    assert len(positions) == len(at)
    expected = np.array(positions) / len(padded) * seconds - 0.01
    assert bounds[1:-1] - bounds[0] == pytest.approx(expected[1:], abs=stub.unit)
    assert np.abs(timed.bounds(natural) * stub.unit - bounds).max() > 0.1  # it was not so before


def test_a_clip_has_the_times_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound of each word begins where the clip says, also if the sounds come early."""
    monkeypatch.setattr(Stub, "early", 0.0)
    renderer = Renderer(TimedTeacher(synthesizer, TABLE))
    clip = renderer.speak(TEXT, SPEAKER, 170, np.random.default_rng(1))
    assert clip is not None
    assert [TEXT[character:].split()[0] for character, _ in clip.words] == WORDS
    for _, seconds in clip.words[1:]:
        around = np.abs(clip.samples[round((seconds - 0.02) * SAMPLE_RATE) :][: round(0.04 * SAMPLE_RATE)])
        before, after = np.split(around, 2)
        assert before.max() < 0.02 < 0.05 < after.max()  # a space is silent
    quicker = renderer.speak(TEXT, SPEAKER, 220, np.random.default_rng(1))
    assert quicker is not None
    assert len(quicker.samples) < 0.9 * len(clip.samples)


def test_a_full_stop_inside_a_text_gets_a_pause() -> None:
    seconds = TimedTeacher(synthesizer, None).word_seconds("a. bob, a.", SPEAKER)
    assert seconds == pytest.approx([0, 0.01 + 0.125 + 0.35 + 0.025, 0.51 + 0.5, 0.51 + 0.5 + 0.125 + 0.05])


def test_stress_and_length_marks_belong_to_phonemes() -> None:
    symbols = "ˈaː, bˌi."
    timed = TimedText.of("ah, bee.", symbols)
    assert timed is not None
    durations = np.array([2.0, 1, 3, 1, 4, 1, 2, 1, 3, 5, 2])
    words, phonemes = spoken_at(timed, durations, 0.1, 0.05)
    assert words == pytest.approx([0.15, 1.15])
    assert [name for _, name in phonemes] == ["a", PAUSE, "b", "i", PAUSE, PAUSE]
    assert [at for at, _ in phonemes] == pytest.approx([0.15, 0.65, 1.15, 1.35, 1.75, 2.25])


@pytest.mark.parametrize("symbols", ["", "wˈʌn", "wˈʌn . tˈu", "wˈʌn tˈu θɹˈi"])
def test_words_that_cannot_be_told_apart(symbols: str) -> None:
    assert TimedText.of("one two", symbols) is None
