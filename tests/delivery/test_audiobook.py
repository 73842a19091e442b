"""The audiobook: one file, a chapter for each section, nothing lost on the way; opened by ffprobe and ffmpeg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.samples import Samples
from f5_pipeline.errors import BadCover, NothingToDeliver
from f5_pipeline.manifests.batch_settings import BatchSettings
from tests.delivery.probe import loudness_of, probe, program
from tests.delivery.test_deliver import RATE, Batch, CountingStore

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540000000004945"
    "4e44ae426082"
)


@pytest.fixture
def batch(tmp_path: Path, voices: dict[str, Samples]) -> Batch:
    return Batch(CountingStore(tmp_path / "store"), voices)


def path_of(batch: Batch, name: str) -> Path:
    return Path(batch.store.location(f"batches/demo/{name}"))


def decoded(path: Path) -> Samples:
    """The sound of a file, by ffmpeg."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype=np.float32)


def test_each_section_is_a_chapter_with_the_times_of_its_joined_file(batch: Batch) -> None:
    batch.settings = BatchSettings(
        audiobook=True,
        join_sections=True,
        chapter_pause_seconds=1.25,
        section_titles={"one": "Chapter One: <Öl & Gas>"},
    )
    report = batch.deliver()
    assert report.audiobook == "batches/demo/demo.m4b"
    lengths = {name: soundfile.info(path_of(batch, f"{name}.wav")).duration for name in ("one", "two")}
    first, second = probe(path_of(batch, "demo.m4b"))["chapters"]
    assert (first["tags"]["title"], second["tags"]["title"]) == ("Chapter One: <Öl & Gas>", "two")
    assert float(first["start_time"]) == 0.0
    assert float(first["end_time"]) == pytest.approx(lengths["one"] + 1.25, abs=0.001)
    assert float(second["start_time"]) == float(first["end_time"])
    assert float(second["end_time"]) == pytest.approx(lengths["one"] + 1.25 + lengths["two"], abs=0.001)


def test_the_book_sounds_like_its_sections_to_the_last_sample(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True, join_sections=True, trim_silence=0, chapter_pause_seconds=0.5)
    batch.deliver()
    sections = [batch.audio(f"{name}.wav")[0] for name in ("one", "two")]
    wanted = np.concatenate([sections[0], np.zeros(RATE // 2, dtype=np.float32), sections[1]])
    heard = decoded(path_of(batch, "demo.m4b"))
    assert 0 <= heard.size - wanted.size < 1024  # the encoder's last frame is filled up
    for part in (slice(None), slice(-4_800, None), slice(-480, None)):
        a, b = wanted[part], heard[: wanted.size][part]
        assert float(a @ b / np.sqrt((a @ a) * (b @ b))) > 0.97
    assert float(probe(path_of(batch, "demo.m4b"))["format"]["duration"]) == pytest.approx(
        wanted.size / RATE, abs=0.001
    )


def test_it_says_what_it_is(batch: Batch) -> None:
    batch.store.write("manifests/demo.png", PNG)
    batch.settings = BatchSettings(
        audiobook=True, title="Night & Day", author='J. "Jo" Doe', channels=2, bitrate_kbps=96
    )
    batch.deliver()
    found = probe(path_of(batch, "demo.m4b"))
    tags = found["format"]["tags"]
    assert (tags["major_brand"], tags["title"], tags["artist"]) == ("M4B ", "Night & Day", 'J. "Jo" Doe')
    by_kind = {stream["codec_type"]: stream for stream in found["streams"]}
    assert (by_kind["audio"]["codec_name"], by_kind["audio"]["channels"]) == ("aac", 2)
    assert (by_kind["video"]["codec_name"], by_kind["video"]["disposition"]["attached_pic"]) == ("png", 1)
    assert batch.names()[0] == "audio/line-1.wav"  # the lines' own format is another matter


def test_the_chapters_are_as_loud_as_wanted(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True, channels=2, loudness_lufs=-18.0, chapter_pause_seconds=5.0)
    batch.deliver()
    assert loudness_of(path_of(batch, "demo.m4b")) == pytest.approx(-18.0, abs=0.5)


def test_without_sections_it_is_one_chapter_called_like_the_batch(batch: Batch) -> None:
    batch.utterances = []
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    assert [each["tags"]["title"] for each in probe(path_of(batch, "demo.m4b"))["chapters"]] == ["demo"]


def test_a_line_that_is_missing_is_named(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    assert batch.deliver().incomplete_sections == {"two": ("line-4",)}


def test_a_batch_without_a_single_clip_has_no_book(batch: Batch) -> None:
    batch.rows = batch.rows[3:5]
    batch.settings = BatchSettings(audiobook=True)
    with pytest.raises(NothingToDeliver):
        batch.deliver()
    assert batch.names() == []


CHANGES: list[tuple[dict[str, Any], int]] = [
    ({}, 0),
    ({"title": "Another"}, 1),  # the book alone
    ({"author": "Somebody"}, 1),
    ({"section_titles": {"one": "I"}}, 1),
    ({"chapter_pause_seconds": 3.0}, 2),  # and the page, which shows its length
    ({"format": "flac"}, 5),  # the lines and the page, not the book
    ({"loudness_lufs": -20.0}, 6),
]


@pytest.mark.parametrize(("change", "written"), CHANGES)
def test_only_what_changed_is_made_again(batch: Batch, change: dict[str, Any], written: int) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.settings = BatchSettings(audiobook=True, **change)
    assert batch.deliver().written == written


def test_another_cover_is_another_book(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.store.write("manifests/demo.png", PNG)
    assert batch.deliver().written == 1
    assert batch.deliver().written == 0


def test_a_book_that_is_no_longer_wanted_goes(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.settings = BatchSettings()
    assert batch.deliver().removed == 1
    assert "demo.m4b" not in batch.names()


def test_a_cover_that_is_no_picture_is_said(batch: Batch) -> None:
    batch.store.write("manifests/demo.jpg", b"<html>not found</html>")
    batch.settings = BatchSettings(audiobook=True)
    with pytest.raises(BadCover, match=r"demo\.jpg is neither"):
        batch.deliver()


LONG = """
import hashlib, resource, sys
import numpy as np
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.storage.local import LocalStore

store, count, rows = LocalStore(sys.argv[1]), int(sys.argv[2]), []
tone = 0.2 * np.sin(np.arange(5 * 24_000) / 9, dtype=np.float32)
for number in range(count):
    key = hashlib.sha256(str(number).encode()).hexdigest()
    ClipStore(store).save(key, tone, {})
    rows.append(IndexRow(f"{number:04}", "tone", key=key, status="ok"))
settings = BatchSettings(audiobook=True, join_sections=True, loudness_lufs=None)
deliver_batch(store, "book", settings, rows)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_longer_book_needs_no_more_memory(tmp_path: Path) -> None:
    """Of 20 and of 120 clips of 5 s; held in memory, the difference would be 48 MB for each copy."""

    def peak(count: int) -> float:
        command = [sys.executable, "-c", LONG, str(tmp_path / str(count)), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) / 1024

    small, large = peak(20), peak(120)
    assert large - small < 30
    assert (tmp_path / "120/batches/book/book.m4b").stat().st_size > 0
