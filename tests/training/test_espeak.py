"""espeak-ng's audio and the times of its words and phonemes."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import HOP_LENGTH
from training.recipe import Speaker
from training.rendering import Renderer, log_mel, word_starts
from training.teachers.espeak import EspeakTeacher, synthesizer
from training.teachers.protocol import LEVEL

TEXT = "the weather was cold, and the roads were covered with ice."

pytestmark = pytest.mark.espeak


def test_words_and_phonemes_have_times_within_the_audio() -> None:
    espeak = synthesizer()
    espeak.speak_as("en-us+f2", 170, 50)
    rendering = espeak.render(TEXT)
    seconds = len(rendering.samples) / espeak.rate
    assert [TEXT[character:].split()[0].strip(",.") for character, _ in rendering.words] == TEXT.translate(
        str.maketrans("", "", ",.")
    ).split()
    times = [time for time, _ in rendering.phonemes]
    assert times == sorted(times)
    assert 0 <= times[0] < 0.1 < 2 < times[-1] <= seconds
    assert "w" in {name for _, name in rendering.phonemes}


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        synthesizer().speak_as("nobody", 170, 50)
    with pytest.raises(ValueError, match="no variant 'nobody'"):
        synthesizer().speak_as("en-us+nobody", 170, 50)


def test_a_clip_is_trimmed_and_has_the_usual_level() -> None:
    renderer, noise = Renderer(EspeakTeacher()), np.random.default_rng(1)
    clips = {
        name: renderer.speak(TEXT, Speaker(voice=f"en-us+{name}", pitch=pitch), 170, noise)
        for name, pitch in {"m1": 15, "f5": 75}.items()
    }
    for clip in clips.values():
        assert clip is not None
        assert np.sqrt(np.mean(clip.samples[: -SAMPLE_RATE // 20] ** 2)) == pytest.approx(LEVEL, rel=0.05)
        assert np.abs(clip.samples[: SAMPLE_RATE // 50]).max() > 0.01  # speech starts immediately
        mel = log_mel(clip.samples)
        assert mel.shape == (len(clip.samples) // HOP_LENGTH, 100)
        starts = word_starts(clip, len(mel))
        assert starts[0].tolist() == [0, 0]
        assert (np.diff(starts, axis=0) > 0).all()
        assert len(starts) >= 9
    quicker = renderer.speak(TEXT, Speaker(voice="en-us+m1", pitch=15), 220, noise)
    assert quicker is not None
    assert clips["m1"] is not None
    assert len(quicker.samples) < 0.9 * len(clips["m1"].samples)


def test_a_silent_rendering_is_none() -> None:
    assert Renderer(EspeakTeacher()).speak(" ", Speaker(voice="en-us"), 170, np.random.default_rng(1)) is None
