"""A recogniser in a process of its own: it answers, it dies, it ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Question, RecogniserSpec
from tests.quality.asr.recordings import recording

SAMPLES, TEXT = recording("nature")
QUESTION = Question(SAMPLES, TEXT, "and so on.", "en")
SPEC = RecogniserSpec("pocketsphinx-x", ("pocketsphinx",))


@pytest.fixture
def process() -> Iterator[RecogniserProcess]:
    process = RecogniserProcess(SPEC)
    yield process
    process.close()


def children() -> list[psutil.Process]:
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "recognition.worker" in " ".join(child.cmdline())]


def test_it_hears_more_than_one_clip_and_asks_for_little(process: RecogniserProcess) -> None:
    for _ in range(2):
        assert [word.text for word in process.hear(QUESTION)] == words_of(TEXT)
    (child,) = children()
    assert child.nice() > psutil.Process().nice()
    process.close()
    assert children() == []


def test_one_that_was_killed_says_so_and_is_started_anew(process: RecogniserProcess) -> None:
    process.hear(QUESTION)
    (child,) = children()
    child.kill()
    child.wait(10)
    with pytest.raises(RecogniserFailed, match="killed for its memory"):
        process.hear(QUESTION)
    assert [word.text for word in process.hear(QUESTION)] == words_of(TEXT)


def test_one_that_does_not_start_says_why() -> None:
    process = RecogniserProcess(RecogniserSpec("w", ("faster_whisper", "/nowhere/at/all", "cpu")))
    with pytest.raises(RecogniserFailed, match="/nowhere/at/all"):
        process.hear(QUESTION)
    process.close()


_PARENT = """
import signal
import sys
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # those who start the tests may ignore it, and that is handed down
from f5_pipeline.quality.asr.process import RecogniserProcess
from tests.quality.asr.test_process import QUESTION, SPEC
process = RecogniserProcess(SPEC)
process.hear(QUESTION)
print(process._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_does_however_that_ends(ending: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, ending)
    parent.wait(30)
    child.wait(30)  # raises if it is still there
    parent.communicate()
