"""Pinned files: fetched once, atomically, and verified against their sha256; and the disk-space preflight."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from f5_pipeline.errors import FileAltered, FileUnusable, NotEnoughDisk
from f5_pipeline.storage import pinned
from f5_pipeline.storage.disk_space import Need, check_disk_space, measure_disk_space
from f5_pipeline.storage.pinned import cached_sha256, fetch_pinned, recorded_sha256


def fetching(content: bytes) -> Callable[[Path], tuple[Path, int]]:
    def fetch(folder: Path) -> tuple[Path, int]:
        folder.mkdir(parents=True)
        (folder / "part").write_bytes(content)
        return folder / "part", len(content)

    return fetch


def never(folder: Path) -> tuple[Path, int]:
    raise AssertionError("fetched again")


def test_a_file_is_fetched_once_and_recorded(tmp_path: Path) -> None:
    target = tmp_path / "a" / "file"
    assert fetch_pinned(target, None, fetching(b"content")).bytes_downloaded == 7
    assert target.read_bytes() == b"content"
    assert recorded_sha256(target) == hashlib.sha256(b"content").hexdigest()
    assert fetch_pinned(target, None, never).bytes_downloaded == 0
    assert {path.name for path in target.parent.iterdir()} == {
        "file",
        "file.record.json",
        "file.lock",
        "file.lock.holder",
    }


@pytest.mark.parametrize("ending", [FileNotFoundError, None])
def test_two_fetches_that_the_lock_does_not_exclude(tmp_path: Path, ending: type[Exception] | None) -> None:
    """The faster one removes the folder while the slower one writes to it."""
    target = tmp_path / "file"

    def slower(folder: Path) -> tuple[Path, int]:
        done = fetching(b"content")(folder)
        pinned._fetch(target, None, lambda folder: done)
        if ending:
            raise ending
        return done

    assert fetch_pinned(target, None, slower).path == target
    assert target.read_bytes() == b"content"
    assert fetch_pinned(target, None, never).sha256 == hashlib.sha256(b"content").hexdigest()


def test_a_recorded_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, fetching(b"content"))
    monkeypatch.setattr(pinned, "sha256_of", never)
    assert fetch_pinned(target, None, never).sha256 == hashlib.sha256(b"content").hexdigest()


def test_unexpected_content_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(FileAltered, match="download was damaged"):
        fetch_pinned(target, "0" * 64, fetching(b"content"))
    assert {path.name for path in tmp_path.iterdir()} <= {"file.lock", "file.lock.holder"}


def test_a_record_outlives_its_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, fetching(b"content"))
    target.unlink()
    with pytest.raises(FileAltered):
        fetch_pinned(target, None, fetching(b"other"))
    assert fetch_pinned(target, None, fetching(b"content")).path == target


def test_an_alteration_is_reported_each_time(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, fetching(b"content"))
    target.write_bytes(b"altered")
    for _ in range(2):
        with pytest.raises(FileAltered, match="altered"):
            fetch_pinned(target, None, never)


def test_an_existing_file_is_recorded(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"content")
    fetch_pinned(target, None, never)
    target.write_bytes(b"altered")
    with pytest.raises(FileAltered):
        fetch_pinned(target, None, never)


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, fetching(b"content"))
    for damage in ("", "[]", "{", "{}"):
        pinned.record_path(target).write_text(damage)
        assert fetch_pinned(target, None, never).path == target


def test_a_file_that_is_not_pinned_may_change(tmp_path: Path) -> None:
    path, record = tmp_path / "file", tmp_path / "record"
    for content in (b"one", b"two2", b"three"):
        path.write_bytes(content)
        assert cached_sha256(path, record, pinned=False) == hashlib.sha256(content).hexdigest()


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(FileUnusable):
        fetch_pinned(tmp_path / "a" / "file", None, never)


# --- disk space ---------------------------------------------------------------------------------------------------


def test_needs_on_one_file_system_are_summed(tmp_path: Path) -> None:
    spaces = measure_disk_space(
        [Need("a", tmp_path / "x" / "y", 10), Need("b", tmp_path, 20), Need("nothing", tmp_path, 0)]
    )
    assert len(spaces) == 1
    assert [need.what for need in spaces[0].needs] == ["a", "b"]
    assert spaces[0].needed > 30
    assert spaces[0].enough


def test_a_need_of_zero_bytes_is_not_measured(tmp_path: Path) -> None:
    assert check_disk_space([Need("nothing", tmp_path, 0)]) == []


def test_too_little_space_names_the_need_and_what_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "old").write_bytes(b"x" * 2_000_000)
    with pytest.raises(NotEnoughDisk) as caught:
        check_disk_space([Need("the wheel", tmp_path / "new", 10**15)], [tmp_path / "cache", tmp_path / "none"])
    message = str(caught.value)
    assert "the wheel 1,000,000,000 MB" in message
    assert f"{tmp_path / 'cache'} (2 MB)" in message
    assert str(tmp_path / "none") not in message
    assert "Nothing was downloaded" in message
