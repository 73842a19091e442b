"""The real neural teachers, where they are installed (docs/training.md): their files are not in this repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.models.word_timing import WordTiming
from training.recipe import Speaker
from training.rendering import Renderer
from training.teachers import kokoro
from training.teachers.timed import TimedTeacher, TimedText

TEXT = "the weather was cold. i'm going home, and you?"
needs_files = pytest.mark.skipif(bool(kokoro.missing()), reason="needs the teacher's files")


@needs_files
@pytest.mark.slow
@pytest.mark.parametrize("voice", ["heart", "bf_emma"])
def test_words_are_spoken_where_the_table_has_them(voice: str) -> None:
    table = WordTiming(3.0, {"T.": 40.0, "P.": 30.0, "T,": 20.0, "^w": 20.0, "^g": 30.0, "^h": 25.0})
    renderer = Renderer(TimedTeacher(kokoro.synthesizer, table))
    clip = renderer.speak(TEXT, Speaker(voice=voice), 170, np.random.default_rng(1))
    assert clip is not None
    seconds = len(clip.samples) / 24_000
    padded = table.padded(TEXT, round(seconds * 93.75 / 3))
    starts = [at for at in range(1, len(padded)) if padded[at - 1] == " " != padded[at]]
    assert [at for _, at in clip.words[1:]] == pytest.approx(np.array(starts) / len(padded) * seconds, abs=0.08)


@needs_files
def test_sentences_and_the_pronoun_get_their_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(kokoro, "_g2p", lambda british: lambda text: written.append(text) or "ðə")
    kokoro.synthesizer("heart").symbols(TEXT)
    assert written == ["The weather was cold. I'm going home, and you?"]


@needs_files
def test_every_word_of_a_text_has_symbols() -> None:
    symbols = kokoro.synthesizer("heart").symbols(TEXT)
    assert TimedText.of(TEXT, symbols) is not None


def test_a_file_with_another_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHERS", str(tmp_path))
    (tmp_path / kokoro.VOICES).write_bytes(b"another")
    kokoro._voices.cache_clear()
    with pytest.raises(ValueError, match=r"kokoro-js-1\.2\.1\.tgz has the sha256"):
        kokoro._voices()
