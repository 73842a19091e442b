"""AAC in MPEG-4 files by PyAV: ``m4a``, and ``m4b`` with chapters. PyAV is imported when first needed.

All other formats are in ``audio.encode``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from f5_pipeline.audio.formats import Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.tags import NO_TAGS, Chapter, Tags, image_codec
from f5_pipeline.audio.writer import BLOCK, AudioWriter
from f5_pipeline.display.characters import visible
from f5_pipeline.errors import EncoderMissing

_KBPS = 64  # per channel: transparent for speech
_BRANDS = {"m4a": "M4A ", "m4b": "M4B "}


class AacWriter:
    """Writes one file block by block. A context manager."""

    def __init__(self, target: BinaryIO, encoding: Encoding, tags: Tags = NO_TAGS) -> None:
        self._av = import_av(encoding.format)
        self._encoding = encoding
        self._container: Any = self._av.open(target, "w", format="mp4", options={"brand": _BRANDS[encoding.format]})
        kbps = encoding.bitrate_kbps or _KBPS * encoding.channels
        # The two-loop search is four times slower, and better at low bit rates only.
        coder = "fast" if kbps >= _KBPS * encoding.channels else "twoloop"
        self._stream: Any = self._container.add_stream("aac", rate=encoding.sample_rate, options={"aac_coder": coder})
        self._stream.layout = "mono" if encoding.channels == 1 else "stereo"
        self._stream.bit_rate = kbps * 1000
        self._position = 0  # samples
        self._write_tags(tags)

    def _write_tags(self, tags: Tags) -> None:
        """Write the metadata, which MPEG-4 needs before the first sample."""
        self._container.metadata.update(tags.texts)
        if tags.artist:
            self._container.metadata["album_artist"] = tags.texts["artist"]
        if self._encoding.format == "m4b":
            self._container.metadata.update({"genre": "Audiobook", "media_type": "2"})
        if (codec := image_codec(tags.image)) is not None:
            self._attach_cover(tags.image, codec)
        if tags.chapters:
            self._write_chapters(tags.chapters)

    def _write_chapters(self, chapters: Sequence[Chapter]) -> None:
        time_base = Fraction(1, self._encoding.sample_rate)
        self._container.set_chapters(
            [
                {
                    "id": number,
                    "start": chapter.start,
                    "end": chapter.end,
                    "time_base": time_base,
                    "metadata": {"title": visible(chapter.title)},
                }
                for number, chapter in enumerate(chapters, start=1)
            ]
        )

    def _attach_cover(self, image: bytes, codec: str) -> None:
        stream = self._container.add_mux_stream(codec, width=1, height=1)  # players read the size from the image itself
        stream.disposition = self._av.stream.Disposition.attached_pic.value
        packet = self._av.Packet(image)
        packet.stream, packet.time_base = stream, Fraction(1, self._encoding.sample_rate)
        packet.pts = packet.dts = 0
        self._container.mux(packet)

    def write(self, samples: Samples) -> None:
        for start in range(0, len(samples), BLOCK):
            block = np.clip(samples[start : start + BLOCK], -1.0, 1.0)
            planes = np.repeat(block[None, :], self._encoding.channels, axis=0)
            frame = self._av.AudioFrame.from_ndarray(planes, "fltp", self._stream.layout.name)
            frame.sample_rate = self._encoding.sample_rate
            frame.pts, frame.time_base = self._position, Fraction(1, self._encoding.sample_rate)
            self._position += len(block)
            self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def import_av(format: str) -> Any:
    """Import PyAV.

    Raises:
        EncoderMissing: PyAV is not installed, or its import fails.
    """
    try:
        import av
    except ImportError:
        raise EncoderMissing(format, "PyAV", "m4a") from None
    return av
