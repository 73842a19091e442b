"""A recogniser in a child process, seen from the parent. ``worker`` is the program of the child."""

from __future__ import annotations

from collections.abc import Sequence

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.recogniser import RecogniserSpec, TranscriptionRequest
from f5_pipeline.quality.child_process import ChildFailed, ChildProcess
from f5_pipeline.results.transcripts import TimedWord


class RecogniserProcess:
    """Implements ``Recogniser``. Starts the process at the first request, and again if it has died."""

    def __init__(self, spec: RecogniserSpec) -> None:
        self._name = spec.name
        self._process = ChildProcess("f5_pipeline.quality.asr.worker", spec.arguments)

    def transcribe(self, request: TranscriptionRequest) -> Sequence[TimedWord]:
        header = {"text": request.text, "ref_text": request.ref_text, "language": request.language}
        try:
            response = self._process.request(header, request.samples)
        except ChildFailed as error:
            raise RecogniserFailed(self._name, str(error)) from None
        return [TimedWord(**word) for word in response["words"]]

    def close(self) -> None:
        """Kill the process, which aborts a transcription in progress."""
        self._process.close()
