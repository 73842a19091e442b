"""Deliveries that are killed, run into a full disk, or run twice at once: the next one puts everything right."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.deliver import DeliveryReport
from f5_pipeline.errors import FileUnusable
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage import partial
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from tests.delivery.test_deliver import RATE, Batch
from tests.storage import servers
from tests.storage.conftest import s3_store
from tests.storage.proxy import proxy_before

LINES = 12
SETTINGS = BatchSettings(format="flac", join_sections=True, audiobook=True, subtitles="srt")


def deliver(root: Path, **settings: Any) -> DeliveryReport:
    """A delivery of always the same twelve lines, in a store that has their clips, or gets them."""
    sample = files("f5_pipeline") / "demo" / "voices" / "m3.wav"
    speech = soundfile.read(str(sample), dtype="float32")[0]
    batch = Batch(LocalStore(root), {"m3": speech})
    for number in range(LINES - len(batch.rows)):
        batch.add(f"more-{number:02}", "ok", speech[: RATE // 2 + number * 1_000])
    batch.settings = SETTINGS.model_copy(update=settings)
    return batch.deliver()


def die_at(root: str, step: int) -> None:
    """Deliver, and die when the ``step``-th file is written but not yet in its place."""
    put_in_place, seen = partial._put_in_place, 0

    def watched(path: Path, target: Path, replace: bool) -> None:
        nonlocal seen
        if "/batches/" in str(target):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
        put_in_place(path, target, replace)

    partial._put_in_place = watched
    deliver(Path(root))


def in_a_process(call: str, scratch: Path) -> subprocess.Popen[str]:
    """Start ``call`` (of this module) in a process of its own, with a temporary folder of its own."""
    scratch.mkdir(exist_ok=True)
    code = f"import sys; sys.path.insert(0, ''); from tests.delivery import test_robust; test_robust.{call}"
    command = [sys.executable, "-c", code]
    pipes, environment = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, {**os.environ, "TMPDIR": str(scratch)}
    return subprocess.Popen(command, **pipes, text=True, env=environment)  # type: ignore[call-overload]


def delivered(root: Path) -> dict[str, bytes]:
    """All delivered files but the ledger, which knows inodes, and the index, which is not delivered."""
    folder = root / "batches" / "demo"
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    kept = {name: path for name, path in found.items() if not name.startswith(("delivery.json", "index.", ".part-"))}
    return {name: path.read_bytes() for name, path in kept.items() if "/.part-" not in name}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed delivery delivers."""
    root = tmp_path_factory.mktemp("undisturbed")
    deliver(root)
    return delivered(root)


@pytest.mark.parametrize("step", [3, 9, 17, 22])  # a line, another, the book, the page
def test_after_kill_9_the_next_delivery_ends_as_an_undisturbed_one(
    tmp_path: Path, expected: dict[str, bytes], step: int
) -> None:
    killed = in_a_process(f"die_at({str(tmp_path)!r}, {step})", tmp_path / "tmp")
    assert killed.wait(120) == -signal.SIGKILL, killed.communicate()
    before = delivered(tmp_path)
    assert set(before.items()) < set(expected.items())  # what is there is whole
    deliver(tmp_path)
    assert delivered(tmp_path) == expected
    assert deliver(tmp_path).written == 0


def test_two_deliveries_at_once_end_as_one(tmp_path: Path, expected: dict[str, bytes]) -> None:
    both = [in_a_process(f"deliver(test_robust.Path({str(tmp_path)!r}))", tmp_path / "tmp") for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0], [process.communicate() for process in both]
    assert delivered(tmp_path) == expected
    deliver(tmp_path)  # at most what the other one's ledger did not know
    assert delivered(tmp_path) == expected
    assert deliver(tmp_path).written == 0


def test_two_deliveries_of_different_formats_at_once_are_put_right_by_the_next(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    root = f"test_robust.Path({str(tmp_path)!r})"
    calls = [f"deliver({root})", f"deliver({root}, format='wav')"]
    both = [in_a_process(call, tmp_path / "tmp") for call in calls]
    assert [process.wait(240) for process in both] == [0, 0], [process.communicate() for process in both]
    deliver(tmp_path)
    assert delivered(tmp_path) == expected


# --- full disks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_no_encoder_keeps_quiet_about_a_full_disk(format: str, speech: Samples) -> None:
    def write() -> None:
        with Path("/dev/full").open("r+b", buffering=0) as full, open_writer(full, Encoding(format)) as writer:
            for _ in range(20):
                writer.write(speech)

    with pytest.raises(OSError, match="No space left"):
        write()


def deliver_with_little_room(root: str) -> None:
    """As if the disk were full when a file has 150 KB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
    try:
        deliver(Path(root), format="wav", audiobook=False)
    except FileUnusable as error:
        print(error)


def test_a_temporary_folder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(FileUnusable, match="gone"):
        deliver(tmp_path, format="wav", audiobook=False)


def test_a_full_temporary_folder_is_said_and_costs_no_line(tmp_path: Path) -> None:
    limited = in_a_process(f"deliver_with_little_room({str(tmp_path)!r})", tmp_path / "tmp")
    said, noise = limited.communicate(timeout=120)
    assert "f5-joined-" in said
    assert "the file is larger than" in said
    assert "Traceback" not in noise
    lines = [name for name in delivered(tmp_path) if name.startswith("audio/")]
    assert len(lines) == LINES - 2  # one failed and one was rejected
    report = deliver(tmp_path, format="wav", audiobook=False)
    assert report.skipped_unchanged >= len(lines)
    assert not list((tmp_path / "tmp").iterdir())


# --- names, and many files ------------------------------------------------------------------------------------


def test_a_section_may_be_called_like_a_line(tmp_path: Path, voices: dict[str, Samples]) -> None:
    batch = Batch(LocalStore(tmp_path), voices)
    batch.settings = BatchSettings(join_sections=True, subtitles="srt", audiobook=True)
    batch.utterances = [replace(each, section=name) for each, name in zip(batch.utterances, NAMES, strict=True)]
    batch.deliver()
    assert {"line-1.wav", "line-1.srt", "audio/line-1.wav", "audio.wav", "demo.wav", "demo.m4b"} <= set(batch.names())
    assert batch.audio("line-1.wav")[0].size > batch.audio("audio/line-1.wav")[0].size
    assert batch.deliver().written == 0


NAMES = ["line-1", "line-1", "audio", "index", "demo"]


def test_1100_files_in_a_bucket_cost_two_requests_each_and_a_repetition_three(
    rclone_server: servers.Server, aws_environment: pytest.MonkeyPatch
) -> None:
    direct = s3_store(rclone_server, aws_environment)
    with proxy_before(rclone_server.endpoint) as proxy:
        for name, value in servers.environment(proxy.endpoint).items():
            aws_environment.setenv(name, value)
        store: ObjectStore = type(direct)(direct.url)
        key = "ab" * 32
        ClipStore(store).save(key, np.sin(np.arange(2_400, dtype=np.float32) / 9), {})
        batch = Batch.__new__(Batch)
        batch.store, batch.utterances, batch.settings = store, [], BatchSettings(loudness_lufs=None)
        batch.rows = [IndexRow(f"{number:05}", "text", key=key, status="ok") for number in range(1_100)]
        proxy.forget()
        report = batch.deliver()
        assert report.written == 1_101
        assert len(proxy.of("PUT")) <= 1_101 + 6  # the files and the page, and the ledger now and then
        assert len(proxy.of("GET")) <= 1_100 + 6
        proxy.forget()
        assert batch.deliver().written == 0
        assert [request.is_listing for request in proxy.requests] == [False, True, True]
        assert io.BytesIO(store.read("batches/demo/report.html")).getvalue()
