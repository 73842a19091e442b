"""A recogniser in a process of its own (``worker``), as its parent sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.recogniser import Question, RecogniserSpec
from f5_pipeline.results.transcripts import TimedWord

_PATIENCE = 10.0  # seconds for a process that was told to end


class RecogniserProcess:
    """Implements ``Recogniser``. The process is started by the first question, and anew if it died."""

    def __init__(self, spec: RecogniserSpec) -> None:
        self._spec = spec
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - its standard error, as long as there is a self

    def hear(self, question: Question) -> Sequence[TimedWord]:
        samples = np.ascontiguousarray(question.samples, "<f4").tobytes()
        head = {"bytes": len(samples), "text": question.text, "before": question.before, "language": question.language}
        answer = self._ask(json.dumps(head).encode() + b"\n" + samples)
        return [TimedWord(**word) for word in answer["words"]]

    def close(self) -> None:
        """End the process. What it hears at the moment is lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_PATIENCE)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _ask(self, question: bytes) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(question)
            process.stdin.flush()
        except OSError:  # it has died; why, its answer says
            pass
        return self._answer(process)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "f5_pipeline.quality.asr.worker", *self._spec.arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints
        )
        self._answer(self._process)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            self.close()
            raise RecogniserFailed(self._spec.name, self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RecogniserFailed(self._spec.name, answer["error"])
        return answer

    def _last_words(self) -> str:
        self._complaints.seek(0)
        said = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1][:300] if said else "it ended without a word (was it killed for its memory?)"
