"""The tags of delivered files, and what is written again when they change."""

from __future__ import annotations

from typing import Any

import pytest

from f5_pipeline.errors import BadCover
from f5_pipeline.manifests.batch_settings import BatchSettings
from tests.audio.ffmpeg import probe, tags
from tests.delivery.batch import Batch
from tests.material import PNG

TITLES = {"title": "The Night Train", "author": "J. Doe", "section_titles": {"one": "Departure"}}


def tagged(batch: Batch, name: str) -> tuple[str | None, ...]:
    found = tags(batch.path(name))
    return tuple(found.get(key) for key in ("title", "album", "artist", "track"))


def test_lines_and_sections_are_tagged(batch: Batch) -> None:
    batch.settings = BatchSettings(format="mp3", join_sections=True, **TITLES)
    batch.deliver()
    assert tagged(batch, "audio/line-1.mp3") == ("line-1", "The Night Train", "J. Doe", None)
    assert tagged(batch, "one.mp3") == ("Departure", "The Night Train", "J. Doe", "1/2")
    assert tagged(batch, "two.mp3") == ("two", "The Night Train", "J. Doe", "2/2")


def test_without_title_and_author_the_batch_is_the_album_and_wav_files_have_no_tags(batch: Batch) -> None:
    batch.settings = BatchSettings(format="flac")
    batch.deliver()
    assert tagged(batch, "audio/line-1.flac") == ("line-1", "demo", None, None)
    batch.settings = BatchSettings(format="wav")
    batch.deliver()
    assert b"LIST" not in batch.path("audio/line-1.wav").read_bytes()


@pytest.mark.parametrize(("format", "pictures"), [("mp3", 1), ("m4a", 1), ("ogg", 0)])
def test_sections_have_the_cover_where_the_format_can(batch: Batch, format: Any, pictures: int) -> None:
    batch.store.write("manifests/demo.png", PNG)
    batch.settings = BatchSettings(format=format, join_sections=True)
    batch.deliver()
    found = [stream["codec_type"] for stream in probe(batch.path(f"one.{format}"))["streams"]]
    assert found.count("video") == pictures
    batch.store.write("manifests/demo.png", PNG + b"\n")
    assert batch.deliver().written == 2 * pictures  # the sections alone, and only if they show it


def test_a_cover_of_sections_that_is_no_image_is_refused(batch: Batch) -> None:
    batch.store.write("manifests/demo.jpg", b"<html>not found</html>")
    batch.settings = BatchSettings(format="mp3", join_sections=True)
    with pytest.raises(BadCover):
        batch.deliver()


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, 0),
        ({"title": "Another"}, 6),  # four lines, two sections
        ({"author": "Somebody"}, 6),
        ({"section_titles": {"one": "Arrival"}}, 1),
    ],
)
def test_changed_tags_write_their_files_again(batch: Batch, change: dict[str, Any], written: int) -> None:
    batch.settings = BatchSettings(format="opus", join_sections=True, **TITLES)
    batch.deliver()
    batch.settings = BatchSettings(format="opus", join_sections=True, **{**TITLES, **change})
    assert batch.deliver().written == written
