"""Tags in every format that has them; ffprobe reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.formats import FORMATS, Encoding, default_sample_rate
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.tags import NO_TAGS, Tags
from tests.audio.ffmpeg import audio_stream, probe, tags
from tests.material import PNG

RATE = 24_000
TAGS = Tags("Größe & „世界“ 🎧", "Der Zug", "J. Doe", 3, 12)
WANTED = {"title": TAGS.title, "album": TAGS.album, "artist": TAGS.artist, "track": "3/12"}


def written(path: Path, format: str, speech: Samples, tagged: Tags) -> Path:
    encoding = Encoding(format, default_sample_rate(format, "pcm"))
    path.write_bytes(encode(speech, RATE, encoding, tagged))
    return path


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus", "ogg", "m4a", "m4b"])
def test_every_format_with_tags_has_them(format: str, speech: Samples, tmp_path: Path) -> None:
    found = tags(written(tmp_path / f"a.{format}", format, speech, TAGS))
    assert {name: found.get(name) for name in WANTED} == WANTED


@pytest.mark.parametrize("format", FORMATS)
def test_tags_change_no_sample_and_no_length(format: str, speech: Samples, tmp_path: Path) -> None:
    plain = written(tmp_path / f"plain.{format}", format, speech, NO_TAGS)
    tagged = written(tmp_path / f"tagged.{format}", format, speech, TAGS)
    if format in ("ulaw", "alaw", "sln", "au"):  # no tags
        assert plain.read_bytes() == tagged.read_bytes()
    elif format not in ("m4a", "m4b"):
        assert np.array_equal(soundfile.read(plain)[0], soundfile.read(tagged)[0])
    else:
        assert audio_stream(plain)["duration"] == audio_stream(tagged)["duration"]


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "m4a"])
def test_the_same_tags_make_the_same_bytes(format: str, speech: Samples) -> None:
    assert encode(speech, RATE, Encoding(format), TAGS) == encode(speech, RATE, Encoding(format), TAGS)


def test_tags_of_a_wav_file_follow_its_samples(speech: Samples) -> None:
    data = encode(speech, RATE, Encoding("wav"), TAGS)
    assert data[36:40] == b"data"
    assert data.index(b"LIST") == 44 + 2 * len(speech)


@pytest.mark.parametrize("format", ["mp3", "m4a", "m4b"])
def test_a_cover_is_a_picture_beside_the_sound(format: str, speech: Samples, tmp_path: Path) -> None:
    path = written(tmp_path / f"a.{format}", format, speech, Tags("T", image=PNG))
    (picture,) = [stream for stream in probe(path)["streams"] if stream["codec_type"] == "video"]
    assert (picture["codec_name"], picture["disposition"]["attached_pic"]) == ("png", 1)
    assert tags(path)["title"] == "T"
