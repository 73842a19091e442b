"""The recogniser process: ``python -m f5_pipeline.quality.asr.worker RECOGNISER …``, started by ``process``.

A recogniser can hold the GIL for seconds, so it runs in a process of its own, at a low priority: the speech model goes
first. Reads requests from standard input, writes responses to standard output, and ends when standard input closes,
however its parent ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO

import numpy as np

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.quality.asr.recogniser import Recogniser, TranscriptionRequest

_NICENESS = 10  # increment, of at most 19


def main(arguments: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes standard input
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keeps output of libraries out of the responses
    try:
        recogniser = start(arguments)
    except F5PipelineError as error:
        _respond(responses, {"error": str(error.reason)})
        return
    _respond(responses, {"ready": True})
    while (request := _read_request(sys.stdin.buffer)) is not None:
        try:
            _respond(responses, {"words": [asdict(word) for word in recogniser.transcribe(request)]})
        except Exception as error:  # noqa: BLE001 - concerns one clip; the next may succeed
            _respond(responses, {"error": f"{type(error).__name__}: {error}"[:500]})


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


def _read_request(stream: BinaryIO) -> TranscriptionRequest | None:
    """The next request; None at the end of the stream."""
    line = stream.readline()
    if not line:
        return None
    header = json.loads(line)
    samples = np.frombuffer(stream.read(header["bytes"]), "<f4")
    return TranscriptionRequest(samples, header["text"], header["ref_text"], header["language"])


def _respond(stream: BinaryIO, response: dict[str, object]) -> None:
    stream.write(json.dumps(response).encode() + b"\n")
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
