"""The protocol of an audio file writer. ``audio.encode`` and ``audio.aac`` implement it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from f5_pipeline.audio.samples import Samples

BLOCK = 65_536  # samples per call of an encoder; libsndfile's Ogg writer overflows the stack on very long blocks


class AudioWriter(Protocol):
    """Writes one file block by block, so that an audiobook does not have to fit in memory. A context manager."""

    def write(self, samples: Samples) -> None:
        """Append mono samples at the encoding's sample rate, shape [samples]."""

    def __enter__(self) -> AudioWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
