"""The measures on clips of known quality."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures import Comparison, Sentence, compare, compared_mel, nearer_pitch, word_errors
from training.recipe import Speaker
from training.rendering import Clip, Renderer
from training.teachers.espeak import EspeakTeacher
from training.teachers.protocol import Samples

TEXTS = ("the weather was cold and the roads were covered with ice.", "she opened the window and looked at the garden.")
SPEAKERS = {"m1": Speaker(voice="en-us+m1", pitch=15), "f2": Speaker(voice="en-us+f2", pitch=50)}

pytestmark = [pytest.mark.espeak, pytest.mark.slow]


def spoken(text: str, voice: str, pitch: int = 0, words_per_minute: int = 170) -> Clip:
    clip = Renderer(EspeakTeacher()).speak(text, SPEAKERS[voice], words_per_minute, np.random.default_rng(1), pitch)
    assert clip is not None
    return clip


def compared(samples: Samples) -> Comparison:
    """Compared as the first text in the voice m1."""
    sentence = Sentence(TEXTS[0], "m1", spoken(TEXTS[0], "m1"))
    in_voices = {voice: compared_mel(spoken(TEXTS[0], voice).samples) for voice in SPEAKERS}
    return compare(sentence, samples, [compared_mel(spoken(text, "m1").samples) for text in TEXTS], 0, in_voices)


def test_espeaks_own_speech_is_right_in_everything() -> None:
    found = compared(spoken(TEXTS[0], "m1").samples)
    assert found.retrieved
    assert found.right_voice
    assert found.in_time == found.words >= 9
    assert found.distance < 3  # two renderings of espeak-ng are never equal


def test_another_voice_is_noticed() -> None:
    found = compared(spoken(TEXTS[0], "f2").samples)
    assert found.retrieved
    assert not found.right_voice


def test_another_sentence_is_noticed() -> None:
    found = compared(spoken(TEXTS[1], "m1").samples)
    assert not found.retrieved
    assert found.in_time == 0


def test_words_that_come_late_are_noticed() -> None:
    """0.2 s of silence after the first words delay the others."""
    clip = spoken(TEXTS[0], "m1")
    cut = int(clip.words[3][1] * 24_000)
    silence = np.random.default_rng(2).standard_normal(4800).astype(np.float32) * 4e-4
    late = np.concatenate([clip.samples[:cut], silence, clip.samples[cut:]])
    found = compared(late)
    assert found.retrieved
    assert found.in_time <= 3
    assert found.words >= 9


def test_noise_is_never_in_time() -> None:
    clip = spoken(TEXTS[0], "m1")
    noise = np.random.default_rng(3)
    comparisons = [compared(noise.standard_normal(len(clip.samples)).astype(np.float32) * 0.1) for _ in range(3)]
    assert all(found.distance > 6 for found in comparisons)
    assert all(found.in_time == 0 for found in comparisons if not found.retrieved)
    assert all(found.first_sound == pytest.approx(1, abs=0.3) for found in comparisons)


@pytest.mark.parametrize(("voice", "pitch"), [("m1", 25), ("f2", 25), ("f2", -25)])
def test_nearer_pitch(voice: str, pitch: int) -> None:
    own, other = spoken(TEXTS[0], voice), spoken(TEXTS[0], voice, pitch)
    assert nearer_pitch(spoken(TEXTS[0], voice, pitch).samples, other.samples, own.samples)
    assert not nearer_pitch(spoken(TEXTS[0], voice).samples, other.samples, own.samples)


def test_wrong_words_are_counted() -> None:
    assert word_errors("The weather was cold.", ["the", "weather", "was", "so", "gold"]) == (2, 4)
