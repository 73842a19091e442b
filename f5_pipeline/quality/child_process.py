"""A model in a child process, seen from the parent: requests with samples in, responses out.

``serve`` is the child's side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

_EXIT_SECONDS = 10.0  # timeout for a killed process to exit
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ChildFailed(Exception):
    """The child has died, could not start, or could not answer a request; the text is the reason."""


#: onnxruntime, which faster_whisper uses too, reports its use to Microsoft unless this is set before its import.
NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1"}


class ChildProcess:
    """Runs ``python -m MODULE ARGUMENTS``. Starts it at the first request, and again if it has died.

    A failed start is final: what a process cannot load once, it cannot load for the next request either.
    """

    def __init__(self, module: str, arguments: Sequence[str] = (), threads: int | None = None) -> None:
        """``threads``: of its linear algebra; None: as in this process."""
        count = {} if threads is None else dict.fromkeys(_THREADS, str(threads))
        self._environment = {**NO_TELEMETRY, **os.environ, **count}
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._unusable = ""  # why no process is started any more
        self._starting = Lock()  # ``close`` is called by another thread
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object

    def request(self, header: Mapping[str, object], samples: np.ndarray) -> dict[str, Any]:
        """The response to a request; blocks until it is there.

        Args:
            header: values for JSON.
            samples: float32, shape (n,).

        Raises:
            ChildFailed: the child died or reports an error; or it could not start, now or earlier.
        """
        process = self.start()
        data = np.ascontiguousarray(samples, "<f4").tobytes()
        message = json.dumps({"bytes": len(data), **header}).encode() + b"\n" + data
        assert process.stdin is not None
        try:
            process.stdin.write(message)
            process.stdin.flush()
        except OSError:  # the process has died; ``_response`` raises with the reason
            pass
        return self._response(process)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process and wait until it has loaded, unless it is running.

        Raises:
            ChildFailed: it could not start, now or earlier, or is closed.
        """
        with self._starting:
            if self._unusable:
                raise ChildFailed(self._unusable)
            if (process := self._process) is not None:
                return process
            pipe = subprocess.PIPE
            try:
                process = self._process = subprocess.Popen(
                    self._command, stdin=pipe, stdout=pipe, stderr=self._stderr, env=self._environment
                )
            except OSError as error:
                self._unusable = f"its process cannot be started ({error})"
                raise ChildFailed(self._unusable) from None
        try:
            self._response(process)
        except ChildFailed as error:
            self._unusable = str(error)
            self._kill()
            raise
        return process

    def close(self) -> None:
        """Kill the process, which aborts a request in progress, and start no other one."""
        with self._starting:
            self._unusable = "it is closed"
            self._kill()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_EXIT_SECONDS)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _response(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            self._kill()
            raise ChildFailed(self._last_error_line())
        response: dict[str, Any] = json.loads(line)
        if "error" in response:
            raise ChildFailed(response["error"])
        return response

    def _last_error_line(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it ended without an error message (perhaps killed: out of memory)"
