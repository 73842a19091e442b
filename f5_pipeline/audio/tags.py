"""Tags of audio files: title, album, artist, track, cover, chapters; and their form in MP3 files.

``audio.encode`` and ``audio.aac`` write them; which file has which tags is decided in ``delivery.file_tags``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from f5_pipeline.display.characters import visible

_IMAGES = {b"\xff\xd8\xff": ("mjpeg", "image/jpeg"), b"\x89PNG\r\n\x1a\n": ("png", "image/png")}  # first bytes → names
_UTF_16, _LATIN_1 = b"\x01", b"\x00"  # encodings of a text in ID3
_FRONT_COVER = b"\x03"  # picture type of ID3


@dataclass(frozen=True)
class Chapter:
    """A chapter of an audiobook; ``start`` and ``end`` are in samples of the file."""

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Tags:
    """The tags of one file; all of them are optional."""

    title: str = ""
    album: str = ""
    artist: str = ""
    track: int = 0  # from 1, of ``tracks``; 0: none
    tracks: int = 0
    image: bytes = b""  # JPEG or PNG
    chapters: Sequence[Chapter] = ()

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are not empty, without control characters, by name: title, album, artist, track ("3/12")."""
        track = f"{self.track}/{self.tracks}" if self.track else ""
        texts = {"title": self.title, "album": self.album, "artist": self.artist, "track": track}
        return {name: visible(text) for name, text in texts.items() if text}


NO_TAGS = Tags()


def image_codec(image: bytes) -> str | None:
    """``mjpeg`` or ``png`` by the first bytes; None if the image is neither."""
    return _image_names(image)[0]


def id3_tag(tags: Tags) -> bytes:
    """The tags in the form that begins an MP3 file: ID3v2.3, with texts in UTF-16; empty if there are none.

    LAME, in libsndfile, writes texts as Latin-1 only.
    """
    frames = b"".join(_id3_frames(tags))
    if not frames:
        return b""
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))  # seven bits in each byte
    return b"ID3\x03\x00\x00" + size + frames


def _id3_frames(tags: Tags) -> Iterator[bytes]:
    names = {"title": b"TIT2", "album": b"TALB", "artist": b"TPE1", "track": b"TRCK"}
    for name, text in tags.texts.items():
        yield _id3_frame(names[name], _UTF_16 + b"\xff\xfe" + text.replace("\0", " ").encode("utf-16-le", "replace"))
    if (media_type := _image_names(tags.image)[1]) is not None:
        kind = _LATIN_1 + media_type.encode() + b"\x00" + _FRONT_COVER + b"\x00"
        yield _id3_frame(b"APIC", kind + tags.image)


def _id3_frame(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "big") + b"\x00\x00" + content


def _image_names(image: bytes) -> tuple[str | None, str | None]:
    """The codec and the media type of an image; None if it is neither JPEG nor PNG."""
    return next((names for magic, names in _IMAGES.items() if image.startswith(magic)), (None, None))
