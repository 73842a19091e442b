"""The audiobook: one file with a chapter for each section; ffprobe and ffmpeg read it."""

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
from tests.audio.ffmpeg import ebur128, probe, program
from tests.delivery.batch import RATE, Batch
from tests.material import PNG


def decoded(path: Path) -> Samples:
    """The samples of a file, by ffmpeg."""
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
    lengths = {name: soundfile.info(batch.path(f"{name}.wav")).duration for name in ("one", "two")}
    first, second = probe(batch.path("demo.m4b"))["chapters"]
    assert (first["tags"]["title"], second["tags"]["title"]) == ("Chapter One: <Öl & Gas>", "two")
    assert float(first["start_time"]) == 0.0
    assert float(first["end_time"]) == pytest.approx(lengths["one"] + 1.25, abs=0.001)
    assert float(second["start_time"]) == float(first["end_time"])
    assert float(second["end_time"]) == pytest.approx(lengths["one"] + 1.25 + lengths["two"], abs=0.001)


def test_the_book_has_the_audio_of_its_sections_to_the_last_sample(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True, join_sections=True, trim_silence=0, chapter_pause_seconds=0.5)
    batch.deliver()
    sections = [batch.audio(f"{name}.wav")[0] for name in ("one", "two")]
    expected = np.concatenate([sections[0], np.zeros(RATE // 2, dtype=np.float32), sections[1]])
    book = decoded(batch.path("demo.m4b"))
    assert 0 <= book.size - expected.size < 1024  # the encoder pads its last frame
    for part in (slice(None), slice(-4_800, None), slice(-480, None)):
        a, b = expected[part], book[: expected.size][part]
        assert float(a @ b / np.sqrt((a @ a) * (b @ b))) > 0.97
    assert float(probe(batch.path("demo.m4b"))["format"]["duration"]) == pytest.approx(expected.size / RATE, abs=0.001)


def test_the_book_has_title_author_and_cover(batch: Batch) -> None:
    batch.store.write("manifests/demo.png", PNG)
    batch.settings = BatchSettings(
        audiobook=True, title="Night & Day", author='J. "Jo" Doe', channels=2, bitrate_kbps=96
    )
    batch.deliver()
    found = probe(batch.path("demo.m4b"))
    tags = found["format"]["tags"]
    assert (tags["major_brand"], tags["title"], tags["artist"]) == ("M4B ", "Night & Day", 'J. "Jo" Doe')
    by_kind = {stream["codec_type"]: stream for stream in found["streams"]}
    assert (by_kind["audio"]["codec_name"], by_kind["audio"]["channels"]) == ("aac", 2)
    assert (by_kind["video"]["codec_name"], by_kind["video"]["disposition"]["attached_pic"]) == ("png", 1)
    assert batch.names()[0] == "audio/line-1.wav"  # the format of the lines is independent


def test_the_book_has_the_configured_loudness(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True, channels=2, loudness_lufs=-18.0, chapter_pause_seconds=5.0)
    batch.deliver()
    assert ebur128(batch.path("demo.m4b"))[0] == pytest.approx(-18.0, abs=0.5)


def test_without_sections_the_book_is_one_chapter_named_like_the_batch(batch: Batch) -> None:
    batch.utterances = []
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    assert [each["tags"]["title"] for each in probe(batch.path("demo.m4b"))["chapters"]] == ["demo"]


def test_a_missing_line_is_reported(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    assert batch.deliver().incomplete_sections == {"two": ("line-4",)}


def test_a_batch_without_clips_has_no_book(batch: Batch) -> None:
    batch.rows = batch.rows[3:5]
    batch.settings = BatchSettings(audiobook=True)
    with pytest.raises(NothingToDeliver):
        batch.deliver()
    assert batch.names() == []


CHANGES: list[tuple[dict[str, Any], int]] = [
    ({}, 0),
    ({"title": "Another"}, 5),  # the book, and the tags of the lines
    ({"author": "Somebody"}, 5),
    ({"section_titles": {"one": "I"}}, 1),
    ({"chapter_pause_seconds": 3.0}, 2),  # and the page, which shows its length
    ({"format": "flac"}, 5),  # the lines and the page, not the book
    ({"loudness_lufs": -20.0}, 6),
]


@pytest.mark.parametrize(("change", "written"), CHANGES)
def test_only_affected_files_are_built_again(batch: Batch, change: dict[str, Any], written: int) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.settings = BatchSettings(audiobook=True, **change)
    assert batch.deliver().written == written


def test_a_new_cover_rebuilds_the_book(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.store.write("manifests/demo.png", PNG)
    assert batch.deliver().written == 1
    assert batch.deliver().written == 0


def test_an_obsolete_book_is_removed(batch: Batch) -> None:
    batch.settings = BatchSettings(audiobook=True)
    batch.deliver()
    batch.settings = BatchSettings()
    assert batch.deliver().removed == 1
    assert "demo.m4b" not in batch.names()


def test_a_cover_that_is_not_an_image_is_refused(batch: Batch) -> None:
    batch.store.write("manifests/demo.jpg", b"<html>not found</html>")
    batch.settings = BatchSettings(audiobook=True)
    with pytest.raises(BadCover, match=r"demo\.jpg"):
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


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_a_book(tmp_path: Path) -> None:
    """20 and 120 clips of 5 s: in memory, the difference would be 48 MB for each copy."""

    def peak(count: int) -> float:
        command = [sys.executable, "-c", LONG, str(tmp_path / str(count)), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) / 1024

    small, large = peak(20), peak(120)
    assert large - small < 30
    assert (tmp_path / "120/batches/book/book.m4b").stat().st_size > 0
