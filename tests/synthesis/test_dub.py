"""A subtitle file, spoken by the embedded model and joined on its time line. Everything is real."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.silence import decibels, frame_powers
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import SynthesisContext, speak_batch
from tests.material import put_voices

SRT = """1
00:00:00,700 --> 00:00:03,000
The river was silver in the evening.

2
00:00:03,204 --> 00:00:04,900
<v M1>She left the letter on the window.</v>

3
00:00:05,000 --> 00:00:07,000
[a door slams]

4
00:00:07,500 --> 00:00:08,100
The captain remembered every harbor and every planet.

5
00:00:08,200 --> 00:00:12,000
- Bread?
- Bread.
"""
STARTS = {"0001": 0.7, "0002": 3.204, "0004": 7.5, "0005": 8.2}


def _load(model: ReadyModel) -> SpeechEngine:
    return with_word_spacing(F5Engine(model.spec, model.files, "cpu", "float32"), model.word_timing)


@pytest.mark.slow
def test_a_subtitle_file_becomes_speech_on_its_time_line(tmp_path: Path, cache: Path) -> None:
    store = LocalStore(tmp_path / "store")
    settings = Settings(store=store.url, cache=cache, device="cpu", recogniser="none")
    put_voices(store, "f2", "m1")
    store.write("manifests/dub.srt", SRT.encode())
    store.write("manifests/dub.toml", b'voice = "f2"\njoin_sections = true\nsubtitles = "vtt"\nmax_attempts = 1\n')
    catalogue = load_catalogue(settings)
    save_utterances(store, "dub", read_utterances(store, "dub", settings, catalogue))
    report = speak_batch("dub", SynthesisContext(store, cache, catalogue, _load))
    contents = load_utterances(store, "dub")
    deliver_batch(store, "dub", contents.settings, report.rows, contents.utterances, contents.rejected)

    rows = {row.id: row for row in report.rows}
    assert [row.voice for row in rows.values()] == ["f2", "m1", "f2", "f2"]
    assert 1.0 < float(rows["0002"].quality["speed"] or 0) < 1.4  # it needs two seconds
    assert float(rows["0002"].audio_seconds or 0) <= 1.696
    assert rows["0004"].status == "suspect"
    assert "longer than the time until the next line" in rows["0004"].reason
    assert "longer than" not in rows["0001"].reason + rows["0002"].reason + rows["0005"].reason

    samples, rate = soundfile.read(io.BytesIO(store.read("batches/dub/dub.wav")), dtype="float32")
    assert samples.size == 12 * rate
    quiet = decibels(frame_powers(samples, rate // 100)) < -60  # 10 ms each
    for id, start in STARTS.items():
        before, after = round(start * 100), round((start + 0.3) * 100)
        assert not quiet[before:after].all(), id  # the first sound follows within the 0.1 s that trimming keeps
        assert id == "0005" or quiet[before - 10 : before].all(), id
    cues = store.read("batches/dub/dub.vtt").decode().split("\n\n")[1:]
    assert [cue[:12] for cue in cues] == ["00:00:00.700", "00:00:03.204", "00:00:07.500", "00:00:08.200"]
    assert np.abs(samples).max() <= 1.0
