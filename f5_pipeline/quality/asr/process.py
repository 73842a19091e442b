"""A recogniser in a child process, seen from the parent. ``worker`` is the program of the child."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.recogniser import RecogniserSpec, TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord

_EXIT_SECONDS = 10.0  # timeout for a killed process to exit


class RecogniserProcess:
    """Implements ``Recogniser``. Starts the process at the first request, and again if it has died."""

    def __init__(self, spec: RecogniserSpec) -> None:
        self._spec = spec
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object

    def transcribe(self, request: TranscriptionRequest) -> Sequence[TimedWord]:
        samples = np.ascontiguousarray(request.samples, "<f4").tobytes()
        header = {
            "bytes": len(samples),
            "text": request.text,
            "ref_text": request.ref_text,
            "language": request.language,
        }
        response = self._send(json.dumps(header).encode() + b"\n" + samples)
        return [TimedWord(**word) for word in response["words"]]

    def close(self) -> None:
        """Kill the process, which aborts a transcription in progress."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_EXIT_SECONDS)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _send(self, message: bytes) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(message)
            process.stdin.flush()
        except OSError:  # the process has died; ``_response`` raises with the reason
            pass
        return self._response(process)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "f5_pipeline.quality.asr.worker", *self._spec.arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr)
        self._response(self._process)
        return self._process

    def _response(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            self.close()
            raise RecogniserFailed(self._spec.name, self._last_error_line())
        response: dict[str, Any] = json.loads(line)
        if "error" in response:
            raise RecogniserFailed(self._spec.name, response["error"])
        return response

    def _last_error_line(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it ended without an error message (perhaps killed: out of memory)"
