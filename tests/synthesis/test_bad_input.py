"""One batch of common mistakes in manifests and voices, spoken by the real engine.

Each line is spoken, or rejected with its own reason; none stops another.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import SynthesisContext, speak_batch
from tests.material import put_voices

CATALOGUE = load_catalogue(Settings())
SPOKEN = ""  # no reason: the line is spoken

#: Line → its text, and a part of the reason why it is rejected.
TEXTS = {
    "plain": ("The harbor is quiet.", SPOKEN),
    "empty": ("", "The text is empty."),
    "blanks": ('" \t "', "The text is empty."),
    "emoji": ("\N{GRINNING FACE}\N{WAVING HAND SIGN}", "cannot say"),
    "emoji-after-words": ("Hello there \N{GRINNING FACE}", "cannot say"),
    "too-long": ("a long story " * 8_000, "characters"),
    "two-scripts": ("hello мир there", "CYRILLIC SMALL LETTER EM"),
    "accents": ("déjà vu at the café", SPOKEN),
    "control-characters": ("tab\tand bell\x07 and \x1bescape", SPOKEN),
    "open-bracket": ("\x1b[31mred", "is not closed"),
    "right-to-left": ("שלום", "cannot say"),
    "directional-marks": ("\u202ehello\u202c there", SPOKEN),
    "punctuation": ("...!?", "nothing"),
    "one-letter": ("a", SPOKEN),
}
#: Voice → a function that makes its recording from clean speech, its sample rate, and a part of the reason.
VOICES = {
    "too-short": (lambda speech: speech[:2400], 24_000, "0.10 s"),
    "too-long": (lambda speech: np.tile(speech, 200), 24_000, "may be"),
    "silent": (np.zeros_like, 24_000, "silent"),
    "clipped": (lambda speech: np.clip(speech * 20, -1, 1), 24_000, SPOKEN),
    "stereo": (lambda speech: np.stack([np.repeat(speech, 4)] * 2, 1), 96_000, SPOKEN),
    "telephone": (lambda speech: speech[::3], 8_000, SPOKEN),
}


def load_engine(model: ReadyModel) -> SpeechEngine:
    return with_word_spacing(F5Engine(model.spec, model.files, "cpu"), model.word_timing)


def wav(samples: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


@pytest.mark.timeout(300)
def test_each_line_is_spoken_or_rejected_with_its_reason(tmp_path: Path, cache: Path) -> None:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "m3")
    speech, _ = soundfile.read(io.BytesIO(store.read("voices/m3.wav")), dtype="float32")
    rows, expected = ["id,text,voice"], {}
    for name, (text, reason) in TEXTS.items():
        rows.append(f"{name},{text},m3")
        expected[name] = reason
    for name, (change, rate, reason) in VOICES.items():
        store.write(f"voices/{name}.wav", wav(change(speech), rate))
        store.write(f"voices/{name}.txt", store.read("voices/m3.txt"))
        rows.append(f"voice-{name},The river is wide.,{name}")
        expected[f"voice-{name}"] = reason
    store.write("manifests/bad.csv", "\n".join(rows).encode())
    store.write("manifests/bad.toml", b"nfe_step = 5\nmax_attempts = 1\n")
    settings = Settings(cache=cache, model="demo")
    save_utterances(store, "bad", read_utterances(store, "bad", settings, CATALOGUE))

    report = speak_batch("bad", SynthesisContext(store, cache, CATALOGUE, load_engine))

    rows_by_id = {row.id: row for row in report.rows}
    assert list(rows_by_id) == list(expected)
    clips = ClipStore(store)
    for name, reason in expected.items():
        row = rows_by_id[name]
        if reason:
            assert (row.status, reason in row.reason) == ("rejected", True), (name, row.status, row.reason)
        else:
            assert row.status in {"ok", "suspect"}, (name, row.reason)
            assert np.abs(clips.load(row.key).samples).max() > 0.01, name
    reasons = [row.reason for row in report.rows if row.status == "rejected"]
    assert len(set(reasons)) == len(reasons)  # each names its row
