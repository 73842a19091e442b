"""Lines with tags, from the manifest to the delivered files; the engine is a fake."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.delivery.deliver import DeliveryReport, deliver_batch
from f5_pipeline.manifests.utterance_file import load_utterances
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.delivery.pages import rows_of_data
from tests.finished_batches import resolve, speak
from tests.material import put_voices

MANIFEST = """id,voice,section,text
first,f2,one,"[pause 1.5s] The first line. [voice: m1] And [[the]] second one. [pause 2s]"
second,f2,one,The <b>first</b> line.
third,f2,one,A line [pasue 1s] with an unknown tag.
fourth,m1,two,One more line.
fifth,missing,two,The voice is missing.
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2", "m1")
    store.write("manifests/b.csv", MANIFEST.encode())
    store.write("voices/m1.toml", b"speed = 1.2\n")
    return store


def deliver(store: LocalStore, cache: Path, toml: str) -> DeliveryReport:
    store.write("manifests/b.toml", toml.encode())
    settings = Settings(store=store.url, cache=cache)
    resolve(store, settings, "b")
    speak(store, settings, "b")
    contents, rows = load_utterances(store, "b"), read_index(store, "b") or []
    return deliver_batch(store, "b", contents.settings, rows, contents.utterances, contents.rejected)


def silent_ends(store: LocalStore, name: str) -> tuple[float, float]:
    """Seconds of digital silence at both ends of a delivered file."""
    samples, rate = soundfile.read(io.BytesIO(store.read(f"batches/b/{name}")))
    sounding = np.flatnonzero(np.abs(samples) > 1e-3)
    return sounding[0] / rate, (samples.size - 1 - sounding[-1]) / rate


def test_pauses_at_the_ends_are_not_trimmed(store: LocalStore, cache: Path) -> None:
    deliver(store, cache, 'format = "flac"')
    lead, tail = silent_ends(store, "audio/first.flac")
    plain_lead, plain_tail = silent_ends(store, "audio/second.flac")
    assert lead == pytest.approx(1.5 + plain_lead, abs=0.06)
    assert tail == pytest.approx(2.0 + plain_tail, abs=0.06)
    assert max(plain_lead, plain_tail) <= 0.26


def test_subtitles_have_the_times_of_the_speech_and_neither_tags_nor_markup(store: LocalStore, cache: Path) -> None:
    deliver(store, cache, 'format = "flac"\njoin_sections = true\nsubtitles = "srt"')
    cues = [cue.splitlines()[1:] for cue in store.read("batches/b/one.srt").decode().split("\n\n")]
    assert [text for _, text in cues] == ["The first line.", "And [the] second one.", "The first line."]
    samples, rate = soundfile.read(io.BytesIO(store.read("batches/b/one.flac")))
    (start, end), (second_start, second_end), (third_start, _) = [
        [_seconds(time) for time in times.split(" --> ")] for times, _ in cues
    ]
    speech = round(start * rate)
    assert np.abs(samples[: speech - rate // 50]).max() < 1e-3  # the pause at the start is not part of the cue
    assert np.abs(samples[speech : round(end * rate)]).max() > 0.1
    assert end == second_start  # no pause between the voices
    assert third_start - second_end == pytest.approx(2.5, abs=0.002)  # the pause at the end, and between lines


def _seconds(time: str) -> float:
    hours, minutes, rest = time.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def test_rejected_lines_are_reported_as_missing_from_their_section(store: LocalStore, cache: Path) -> None:
    report = deliver(store, cache, "join_sections = true")
    assert report.incomplete_sections == {"one": ("third",), "two": ("fifth",)}


def test_the_page_shows_tags(store: LocalStore, cache: Path) -> None:
    deliver(store, cache, "")
    rows = {row["id"]: row for row in rows_of_data(store.read("batches/b/report.html").decode())}
    first = rows["first"]
    assert first["text"] == "[pause 1.5s] The first line. [voice: m1] And [[the]] second one. [pause 2s]"
    assert first["spoken"] == "[pause 1.5s] the first line. [voice: m1] and, the, second one. [pause 2s]"
