"""The recogniser process: ``python -m f5_pipeline.quality.asr.worker RECOGNISER …``, started by ``process``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from f5_pipeline.quality.asr.recogniser import Recogniser, TranscriptionRequest
from f5_pipeline.quality.serve import Answer, serve


def start(arguments: Sequence[str]) -> Recogniser:
    """Load the recogniser that ``RecogniserSpec.arguments`` name.

    Raises:
        RecogniserFailed: it is not installed, or its model cannot be loaded.
    """
    name, *rest = arguments
    if name == "pocketsphinx":
        from f5_pipeline.quality.asr.sphinx import Sphinx

        return Sphinx()
    from f5_pipeline.quality.asr.whisper import Whisper

    model, device = rest
    return Whisper(model, device)


def _load() -> Answer:
    recogniser = start(sys.argv[1:])

    def answer(header: Mapping[str, Any], samples: np.ndarray) -> Mapping[str, object]:
        request = TranscriptionRequest(samples, header["text"], header["ref_text"], header["language"])
        return {"words": [asdict(word) for word in recogniser.transcribe(request)]}

    return answer


if __name__ == "__main__":
    serve(_load)
