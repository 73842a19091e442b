"""The process that listens: ``python -m f5_pipeline.quality.asr.worker RECOGNISER …``. Started by ``process``.

A recogniser may hold the interpreter for seconds at a time, so it has one of its own. It asks for little of the
processor's time: the model goes first. Questions come in at standard input, answers go out at standard output, and it
ends when standard input does, however its parent came to its end.
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
from f5_pipeline.quality.asr.recogniser import Question, Recogniser

_POLITE = 10  # of 19, what ``nice`` adds


def main(arguments: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes standard input
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    try:
        recogniser = start(arguments)
    except F5PipelineError as error:
        _answer(answers, {"error": str(error.reason)})
        return
    _answer(answers, {"ready": True})
    while (question := _question(sys.stdin.buffer)) is not None:
        try:
            _answer(answers, {"words": [asdict(word) for word in recogniser.hear(question)]})
        except Exception as error:  # noqa: BLE001 - of one clip; the next may be fine
            _answer(answers, {"error": f"{type(error).__name__}: {error}"[:500]})


def start(arguments: Sequence[str]) -> Recogniser:
    """The recogniser that a ``RecogniserSpec``'s arguments name.

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


def _question(questions: BinaryIO) -> Question | None:
    """The next question; None at the end."""
    head = questions.readline()
    if not head:
        return None
    asked = json.loads(head)
    samples = np.frombuffer(questions.read(asked["bytes"]), "<f4")
    return Question(samples, asked["text"], asked["before"], asked["language"])


def _answer(answers: BinaryIO, answer: dict[str, object]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
