"""Folders only: links, permissions, special files, files of other programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from f5_pipeline.errors import LinkLeavesStore, ObjectMissing, StoreUnusable
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.partial import atomic_write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


def test_reading_creates_no_folder(store: LocalStore, root: Path) -> None:
    assert list(store.list()) == []
    assert store.stat("a/b") is None
    assert not root.exists()


def test_the_url_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalStore("store").url == str(tmp_path / "store")


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnusable, match="not a folder"):
        LocalStore(tmp_path / "file")


def test_unfinished_files_are_never_listed(store: LocalStore, root: Path) -> None:
    with atomic_write(root / "clips" / "x") as file:
        file.write(b"half")
        file.flush()
        assert len(list((root / "clips").iterdir())) == 1
        assert list(store.list()) == []
        assert list(store.list("clips/")) == []
    assert [info.key for info in store.list()] == ["clips/x"]


def test_unsafe_names_are_ignored_and_logged_once(
    store: LocalStore, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.write("voices/anna.wav", b"x")
    (root / "voices" / "my voice.wav").touch()
    (root / "voices" / ".DS_Store").touch()
    for _ in range(2):
        assert [info.key for info in store.list("voices/")] == ["voices/anna.wav"]
    assert len(caplog.messages) == 1
    assert "my voice.wav" in caplog.text


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_that_leave_the_store_are_refused(
    store: LocalStore, root: Path, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root.mkdir()
    if kind == "folder":
        (root / "voices").symlink_to(outside)
    else:
        (root / "voices").mkdir()
        (root / "voices" / "secret").symlink_to(outside / "secret")
    for use in (store.read, store.stat, lambda key: store.download(key, tmp_path / "copy")):
        with pytest.raises(LinkLeavesStore, match="outside"):
            use("voices/secret")
    assert list(store.list()) == []
    assert "outside" in caplog.text
    if kind == "folder":
        with pytest.raises(LinkLeavesStore):
            store.write("voices/secret", b"mine")
        with pytest.raises(LinkLeavesStore):
            store.delete("voices/secret")
        with pytest.raises(LinkLeavesStore):
            list(store.list("voices/"))
    else:
        store.write("voices/secret", b"mine")  # replaces the link
        assert store.read("voices/secret") == b"mine"
    assert (outside / "secret").read_bytes() == b"secret"


def test_links_inside_the_store_are_followed(store: LocalStore, root: Path) -> None:
    store.write("voices/anna.wav", b"anna")
    (root / "voices" / "bob.wav").symlink_to("anna.wav")
    (root / "people").symlink_to(root / "voices")
    assert store.read("people/bob.wav") == b"anna"
    assert [info.key for info in store.list("people/")] == ["people/anna.wav", "people/bob.wav"]


def test_loops_of_links_are_not_followed(store: LocalStore, root: Path) -> None:
    store.write("a/x", b"x")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to("self")
    (root / "a" / "dangling").symlink_to("nowhere")
    assert [info.key for info in store.list()] == ["a/x"]


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    store = LocalStore(tmp_path / "store")
    store.write("a/b", b"x")
    assert store.location("a/b") == str(tmp_path / "store" / "a" / "b")
    assert (tmp_path / "disk" / "a" / "b").read_bytes() == b"x"


def test_pipes_and_folders_are_not_objects(store: LocalStore, root: Path) -> None:
    store.write("a/b", b"x")
    os.mkfifo(root / "pipe")
    assert store.stat("pipe") is None
    with pytest.raises(ObjectMissing):
        store.read("pipe")
    assert [info.key for info in store.list()] == ["a/b"]


def test_a_file_and_a_folder_of_the_same_name_conflict(store: LocalStore) -> None:
    store.write("a/b/c", b"x")
    with pytest.raises(StoreUnusable, match="folder is where a file should be"):
        store.write("a/b", b"x")
    for write in (store.write, store.create):
        with pytest.raises(StoreUnusable, match="file is where a folder should be"):
            write("a/b/c/d", b"x")
    assert store.read("a/b/c") == b"x"


def test_deleting_a_folder_or_below_a_file_does_nothing(store: LocalStore) -> None:
    store.write("a/b", b"x")
    store.delete("a")
    store.delete("a/b/c")
    assert store.read("a/b") == b"x"


def test_an_edit_in_place_changes_the_etag(store: LocalStore, root: Path) -> None:
    before = store.write("voices/a.txt", b"one")
    with (root / "voices" / "a.txt").open("r+b") as file:
        file.write(b"two")
    os.utime(root / "voices" / "a.txt", ns=(0, 12345))
    after = store.stat("voices/a.txt")
    assert after is not None
    assert after.etag != before.etag


def test_files_have_the_permissions_of_the_umask(store: LocalStore, root: Path) -> None:
    old = os.umask(0o022)
    try:
        store.write("a", b"x")
    finally:
        os.umask(old)
    assert (root / "a").stat().st_mode & 0o777 == 0o644
