"""flite's audio and the times of its words and phonemes, where it is installed."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest

from training.recipe import Speaker
from training.teachers import missing, teacher_of
from training.teachers.protocol import PAUSE

TEXT = "the weather was cold, and the roads were icy."


@pytest.mark.skipif(not os.environ.get("CI") and bool(missing("cmu")), reason="needs Debian's flite")
def test_words_and_phonemes_have_times_within_the_audio() -> None:
    teacher, speaker = teacher_of("cmu"), Speaker(voice="rms")
    speech, quicker = teacher.speak(TEXT, speaker, 170), teacher.speak(TEXT, speaker, 220)
    assert speech is not None
    assert quicker is not None
    assert [TEXT[at:].split()[0] for at, _ in speech.words] == TEXT.split()
    starts, phonemes = [at for _, at in speech.words], [at for at, _ in speech.phonemes]
    assert starts == sorted(starts)
    assert phonemes == sorted(phonemes)
    assert 1 < starts[-1] < phonemes[-1] < len(speech.samples) / 24_000
    ((pause, _),) = [(one, two) for one, two in pairwise(speech.phonemes[1:-1]) if one[1] == PAUSE]
    assert starts[3] < pause[0] < starts[4]  # at the comma
    assert set(teacher.phonemes(TEXT, speaker)) == {name for _, name in speech.phonemes} - {PAUSE}
    assert len(quicker.samples) < 0.85 * len(speech.samples)
