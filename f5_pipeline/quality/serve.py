"""The child's side of ``child_process``: a model can hold the GIL for seconds, so it runs in a process of its own.

Its priority is low: the speech model goes first. Reads requests from standard input, writes responses to standard
output, and ends when standard input closes, however its parent ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

from f5_pipeline.errors import F5PipelineError

#: From the header and the samples (float32, shape (n,)) of a request to its response, as values for JSON.
Answer = Callable[[Mapping[str, Any], np.ndarray], Mapping[str, object]]

_NICENESS = 10  # increment, of at most 19


def serve(load: Callable[[], Answer]) -> None:
    """Load a model and answer requests until standard input closes. An error is the response to its request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes standard input
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keeps output of libraries out of the responses
    try:
        answer = load()
    except F5PipelineError as error:
        _respond(responses, {"error": str(error.reason).removeprefix("failed: ")})  # the parent's error says so
        return
    _respond(responses, {"ready": True})
    requests = sys.stdin.buffer
    while line := requests.readline():
        header = json.loads(line)
        samples = np.frombuffer(requests.read(header["bytes"]), "<f4")
        try:
            _respond(responses, answer(header, samples))
        except Exception as error:  # noqa: BLE001 - concerns one clip; the next may succeed
            _respond(responses, {"error": f"{type(error).__name__}: {error}"[:500]})


def _respond(stream: BinaryIO, response: Mapping[str, object]) -> None:
    stream.write(json.dumps(response).encode() + b"\n")
    stream.flush()
