"""The protocol of a file writer; ``encode`` and ``aac`` implement it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from f5_pipeline.audio.samples import Samples

BLOCK = 65_536  # samples handed to an encoder at once; libsndfile's Ogg writer overflows the stack on very long ones


class AudioWriter(Protocol):
    """Writes one file piece by piece, so that an audiobook never has to be in memory. A context manager."""

    def write(self, samples: Samples) -> None:
        """Append mono samples at the encoding's sample rate, shape [samples]."""

    def __enter__(self) -> AudioWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
