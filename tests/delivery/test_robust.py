"""Deliveries that are killed, meet a full disk, or run concurrently: the next delivery completes them."""

from __future__ import annotations

import io
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.formats import FORMATS, Encoding, default_sample_rate
from f5_pipeline.audio.samples import Samples
from f5_pipeline.errors import FileUnusable
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore
from tests.delivery.batch import Batch
from tests.delivery.processes import LINES, deliver, start
from tests.storage import servers
from tests.storage.conftest import s3_store
from tests.storage.proxy import proxy_before


def delivered(root: Path) -> dict[str, bytes]:
    """All delivered files except the delivery record, which holds inodes, and the index, which is not delivered."""
    folder = root / "batches" / "demo"
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    kept = {name: path for name, path in found.items() if not name.startswith(("delivery.json", "index.", ".part-"))}
    return {name: path.read_bytes() for name, path in kept.items() if "/.part-" not in name}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed delivery."""
    root = tmp_path_factory.mktemp("undisturbed")
    deliver(root)
    return delivered(root)


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 9, 17, 22])  # a line, another, the book, the page
def test_a_killed_delivery_is_completed_by_the_next(tmp_path: Path, expected: dict[str, bytes], step: int) -> None:
    killed = start(f"deliver_until_killed(Path({str(tmp_path)!r}), {step})", tmp_path / "tmp")
    assert killed.wait(120) == -signal.SIGKILL, killed.communicate()
    assert set(delivered(tmp_path).items()) < set(expected.items())  # every file is complete
    deliver(tmp_path)
    assert delivered(tmp_path) == expected
    assert deliver(tmp_path).written == 0


@pytest.mark.slow
def test_two_concurrent_deliveries_give_the_same_files_as_one(tmp_path: Path, expected: dict[str, bytes]) -> None:
    both = [start(f"deliver(Path({str(tmp_path)!r}))", tmp_path / "tmp") for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0], [process.communicate() for process in both]
    assert delivered(tmp_path) == expected
    deliver(tmp_path)  # rewrites at most the files that the other delivery's record lacks
    assert delivered(tmp_path) == expected
    assert deliver(tmp_path).written == 0


@pytest.mark.slow
def test_the_next_delivery_repairs_concurrent_deliveries_in_two_formats(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    root = f"Path({str(tmp_path)!r})"
    calls = [f"deliver({root})", f"deliver({root}, format='wav')"]
    both = [start(call, tmp_path / "tmp") for call in calls]
    assert [process.wait(240) for process in both] == [0, 0], [process.communicate() for process in both]
    deliver(tmp_path)
    assert delivered(tmp_path) == expected


# --- full disks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_every_encoder_reports_a_full_disk(format: str, speech: Samples) -> None:
    encoding = Encoding(format, default_sample_rate(format, "pcm"))

    def write() -> None:
        with Path("/dev/full").open("r+b", buffering=0) as full, open_writer(full, encoding) as writer:
            for _ in range(20):
                writer.write(speech)

    with pytest.raises(OSError, match="No space left"):
        write()


def test_a_missing_temporary_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(FileUnusable, match="gone"):
        deliver(tmp_path, format="wav", audiobook=False)


@pytest.mark.slow
def test_a_full_temporary_folder_is_reported_and_finished_lines_are_kept(tmp_path: Path) -> None:
    limited = start(f"deliver_with_full_disk(Path({str(tmp_path)!r}))", tmp_path / "tmp")
    output, errors = limited.communicate(timeout=120)
    assert "f5-joined-" in output
    assert "the file is larger than" in output
    assert "Traceback" not in errors
    lines = [name for name in delivered(tmp_path) if name.startswith("audio/")]
    assert len(lines) == LINES - 2  # one failed and one was rejected
    report = deliver(tmp_path, format="wav", audiobook=False)
    assert report.skipped_unchanged >= len(lines)
    assert not list((tmp_path / "tmp").iterdir())


# --- names, and many files ------------------------------------------------------------------------------------


def test_a_section_may_have_the_name_of_a_line_a_folder_or_the_batch(batch: Batch) -> None:
    names = ["line-1", "line-1", "audio", "index", "demo"]
    batch.settings = BatchSettings(join_sections=True, subtitles="srt", audiobook=True)
    batch.utterances = [replace(each, section=name) for each, name in zip(batch.utterances, names, strict=True)]
    batch.deliver()
    assert {"line-1.wav", "line-1.srt", "audio/line-1.wav", "audio.wav", "demo.wav", "demo.m4b"} <= set(batch.names())
    assert batch.audio("line-1.wav")[0].size > batch.audio("audio/line-1.wav")[0].size
    assert batch.deliver().written == 0


@pytest.mark.slow
def test_1100_files_in_a_bucket_cost_two_requests_each_and_a_repetition_four(
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
        assert len(proxy.of("PUT")) <= 1_101 + 6  # the files and the page, and the record from time to time
        assert len(proxy.of("GET")) <= 1_100 + 8
        proxy.forget()
        assert batch.deliver().written == 0
        assert [request.is_listing for request in proxy.requests] == [False, True, True, True]
        assert io.BytesIO(store.read("batches/demo/report.html")).getvalue()
