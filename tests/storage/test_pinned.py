"""Files held to a sha256: fetched once, whole or not at all, and never changed behind their record's back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from f5_pipeline.errors import FileAltered, FileUnusable, NotEnoughDisk
from f5_pipeline.storage import disk_space, pinned
from f5_pipeline.storage.disk_space import Need, check_disk_space, measure_disk_space
from f5_pipeline.storage.pinned import fetch_pinned, hash_once, recorded_sha256


def bringing(content: bytes) -> Callable[[Path], tuple[Path, int]]:
    def fetch(folder: Path) -> tuple[Path, int]:
        folder.mkdir(parents=True)
        (folder / "part").write_bytes(content)
        return folder / "part", len(content)

    return fetch


def never(folder: Path) -> tuple[Path, int]:
    raise AssertionError("fetched again")


def test_fetched_once_and_recorded(tmp_path: Path) -> None:
    target = tmp_path / "a" / "file"
    assert fetch_pinned(target, None, bringing(b"content")).bytes_downloaded == 7
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
def test_two_that_no_lock_keeps_apart(tmp_path: Path, ending: type[Exception] | None) -> None:
    """The faster one removes the folder that the other is still writing to."""
    target = tmp_path / "file"

    def slower(folder: Path) -> tuple[Path, int]:
        done = bringing(b"content")(folder)
        pinned._fetch(target, None, lambda folder: done)
        if ending:
            raise ending
        return done

    assert fetch_pinned(target, None, slower).path == target
    assert target.read_bytes() == b"content"
    assert fetch_pinned(target, None, never).sha256 == hashlib.sha256(b"content").hexdigest()


def test_a_second_look_does_not_read_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, bringing(b"content"))
    monkeypatch.setattr(pinned, "sha256_of", never)
    assert fetch_pinned(target, None, never).sha256 == hashlib.sha256(b"content").hexdigest()


def test_something_else_is_thrown_away(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(FileAltered, match="was fetched"):
        fetch_pinned(target, "0" * 64, bringing(b"content"))
    assert {path.name for path in tmp_path.iterdir()} <= {"file.lock", "file.lock.holder"}


def test_a_record_outlives_its_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, bringing(b"content"))
    target.unlink()
    with pytest.raises(FileAltered):
        fetch_pinned(target, None, bringing(b"other"))
    assert fetch_pinned(target, None, bringing(b"content")).path == target


def test_an_alteration_is_seen_each_time(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, bringing(b"content"))
    target.write_bytes(b"altered")
    for _ in range(2):
        with pytest.raises(FileAltered, match="altered"):
            fetch_pinned(target, None, never)


def test_a_file_that_somebody_put_there_is_recorded(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"content")
    fetch_pinned(target, None, never)
    target.write_bytes(b"altered")
    with pytest.raises(FileAltered):
        fetch_pinned(target, None, never)


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch_pinned(target, None, bringing(b"content"))
    for damage in ("", "[]", "{", "{}"):
        pinned.record_path(target).write_text(damage)
        assert fetch_pinned(target, None, never).path == target


def test_what_is_not_held_may_change(tmp_path: Path) -> None:
    path, record = tmp_path / "file", tmp_path / "record"
    for content in (b"one", b"two2", b"three"):
        path.write_bytes(content)
        assert hash_once(path, record, held=False) == hashlib.sha256(content).hexdigest()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(FileUnusable):
        fetch_pinned(tmp_path / "a" / "file", None, never)


# --- room ---------------------------------------------------------------------------------------------------------


def test_needs_on_one_file_system_are_added_up(tmp_path: Path) -> None:
    rooms = measure_disk_space(
        [Need("a", tmp_path / "x" / "y", 10), Need("b", tmp_path, 20), Need("nothing", tmp_path, 0)]
    )
    assert len(rooms) == 1
    assert [need.what for need in rooms[0].needs] == ["a", "b"]
    assert rooms[0].needed > 30
    assert rooms[0].enough


def test_nothing_needed_is_never_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "_HEAD_ROOM", 10**18)
    assert check_disk_space([Need("nothing", tmp_path, 0)]) == []


def test_too_little_says_what_where_and_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "old").write_bytes(b"x" * 2_000_000)
    with pytest.raises(NotEnoughDisk) as caught:
        check_disk_space([Need("the wheel", tmp_path / "new", 10**15)], [tmp_path / "cache", tmp_path / "none"])
    message = str(caught.value)
    assert "the wheel 1,000,000,000 MB" in message
    assert f"{tmp_path / 'cache'} (2 MB)" in message
    assert str(tmp_path / "none") not in message
    assert "Nothing was downloaded" in message
