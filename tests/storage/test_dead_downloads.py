"""Folders of interrupted downloads are removed; those of running downloads are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from f5_pipeline.errors import DownloadFailed
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.pinned import clean_downloads, fetch_pinned

_FETCH = """
import sys, time
from pathlib import Path
from f5_pipeline.storage.pinned import fetch_pinned

def fetch(folder):
    folder.mkdir(parents=True)
    (folder / "half.incomplete").write_bytes(b"half")
    print("started", flush=True)
    sys.stdin.read()

fetch_pinned(Path(sys.argv[1]), None, fetch)
"""


def start(target: Path) -> subprocess.Popen[str]:
    """A process that is fetching ``target``."""
    command = [sys.executable, "-c", _FETCH, str(target)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def test_a_killed_download_is_removed_and_a_running_one_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "file.download"
    with start(tmp_path / "models" / "file") as process:
        assert clean_downloads(tmp_path) == []
        assert (folder / "half.incomplete").is_file()
        process.kill()
    assert [each.path for each in clean_downloads(tmp_path, dry_run=True)] == [folder]
    assert folder.is_dir()
    assert [(each.path, each.size) for each in clean_downloads(tmp_path)] == [(folder, 4)]
    assert not folder.exists()
    assert clean_downloads(tmp_path) == []


def test_folders_without_a_lock_are_kept(tmp_path: Path) -> None:
    """A folder without a lock beside it is not one of our downloads."""
    (tmp_path / "film.download").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.download").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link.lock").touch()
    assert clean_downloads(tmp_path) == []


def test_a_download_is_counted_once(tmp_path: Path) -> None:
    def fail(folder: Path) -> tuple[Path, int]:
        folder.mkdir()
        (folder / f".part-{host_slug()}-1-{0:016x}").write_bytes(b"half")
        raise DownloadFailed("https://host/file", "the server hung up", transient=True)

    with pytest.raises(DownloadFailed):
        fetch_pinned(tmp_path / "cache" / "file", None, fail)
    store = LocalStore(tmp_path / "store")
    for dry_run in (True, False):
        report = clean(store, [tmp_path / "cache"], dry_run=dry_run)
        assert [(each.path.name, each.size) for each in report.partial_files] == [("file.download", 4)]
        assert report.kept_partial_files == ()
    assert clean(store, [tmp_path / "cache"]).partial_files == ()
