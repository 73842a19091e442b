"""A recogniser in a child process: responses, crashes, and the end of its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr import worker
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from tests.quality.asr.recordings import request

pytestmark = pytest.mark.slow

REQUEST = request("nature", ref_text="and so on.")
WORDS = words_of(REQUEST.text)
SPEC = RecogniserSpec("pocketsphinx-x", ("pocketsphinx",))


@pytest.fixture
def process() -> Iterator[RecogniserProcess]:
    process = RecogniserProcess(SPEC)
    yield process
    process.close()


def worker_processes() -> list[psutil.Process]:
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in running if worker.__name__ in child.cmdline()]


def test_a_low_priority_process_transcribes_several_clips(process: RecogniserProcess) -> None:
    for _ in range(2):
        assert [word.text for word in process.transcribe(REQUEST)] == WORDS
    (child,) = worker_processes()
    assert child.nice() > psutil.Process().nice()
    process.close()
    assert worker_processes() == []


def test_a_killed_process_is_an_error_and_is_restarted(process: RecogniserProcess) -> None:
    process.transcribe(REQUEST)
    (child,) = worker_processes()
    child.kill()
    child.wait(10)
    with pytest.raises(RecogniserFailed, match="out of memory"):
        process.transcribe(REQUEST)
    assert [word.text for word in process.transcribe(REQUEST)] == WORDS


def test_a_process_that_does_not_start_reports_the_reason() -> None:
    process = RecogniserProcess(RecogniserSpec("w", ("faster_whisper", "/nowhere/at/all", "cpu")))
    with pytest.raises(RecogniserFailed, match="/nowhere/at/all"):
        process.transcribe(REQUEST)
    process.close()


_PARENT = """
import signal
import sys
import psutil
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a test runner may ignore it, and children inherit that
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from tests.quality.asr.recordings import request
process = RecogniserProcess(RecogniserSpec("pocketsphinx-x", ("pocketsphinx",)))
process.transcribe(request("nature"))
print(*(child.pid for child in psutil.Process().children()), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_process_ends_with_its_parent(ending: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, ending)
    parent.wait(30)
    child.wait(30)  # raises if it is still running
    parent.communicate()
