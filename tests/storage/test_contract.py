"""The contract of all stores: one suite, run against each kind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from f5_pipeline.errors import ObjectChanged, ObjectMissing, UnsafeName
from f5_pipeline.storage.object_store import ObjectStore

HOSTILE = [
    "../evil",
    "/etc/passwd",
    "a/../../evil",
    "a//b",
    "a/",
    "",
    ".",
    "..",
    ".hidden",
    "a/.part-x",
    "a\\b",
    "C:\\evil",
    "a\0b",
    "a\nb",
    "a b",
    "ä",
    "x" * 161,
    "a/" + "x" * 161,
    "clips/%2e%2e/evil",
    "a;rm -rf",
    "a*",
    "s3://other/bucket",
]


def test_a_written_object_can_be_read(store: ObjectStore) -> None:
    info = store.write("clips/ab/one.flac", b"first")
    assert store.read("clips/ab/one.flac") == b"first"
    assert (info.key, info.size) == ("clips/ab/one.flac", 5)
    stored = store.stat("clips/ab/one.flac")
    assert stored is not None
    assert (stored.key, stored.size, stored.etag) == (info.key, info.size, info.etag)


def test_the_longest_name_may_have_a_suffix(store: ObjectStore) -> None:
    key = f"batches/{'b' * 128}/audio/{'i' * 128}.parquet"
    store.write(key, b"x")
    assert [info.key for info in store.list("batches/")] == [key]


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.write("empty", b"")
    assert store.read("empty") == b""
    assert store.read("empty", first=10) == b""
    stored = store.stat("empty")
    assert stored is not None
    assert stored.size == 0


def test_the_first_bytes_can_be_read_alone(store: ObjectStore) -> None:
    store.write("long", bytes(range(256)) * 100)
    assert store.read("long", first=300) == bytes(range(256)) + bytes(range(44))
    assert len(store.read("long", first=1_000_000)) == 25_600


def test_the_last_writer_wins_and_the_etag_changes(store: ObjectStore) -> None:
    before = store.write("a", b"one")
    after = store.write("a", b"two")
    assert store.read("a") == b"two"
    assert before.etag != after.etag
    assert (store.stat("a") or before).etag == after.etag


def test_create_keeps_an_existing_object(store: ObjectStore) -> None:
    assert store.create("a/b", b"one") is not None
    assert store.create("a/b", b"two") is None
    assert store.read("a/b") == b"one"


def test_modification_times_are_current_and_in_utc(store: ObjectStore) -> None:
    store.write("a", b"x")
    stored = store.stat("a")
    assert stored is not None
    assert stored.modified.tzinfo is not None
    assert abs(datetime.now(timezone.utc) - stored.modified) < timedelta(minutes=5)


def test_missing_objects_raise_or_give_none(store: ObjectStore, tmp_path: Path) -> None:
    store.write("folder/x", b"x")
    for key in ("nothing", "folder", "folder/y", "folder/x/z"):
        assert store.stat(key) is None
        with pytest.raises(ObjectMissing, match="not in the store"):
            store.read(key)
        with pytest.raises(ObjectMissing):
            store.download(key, tmp_path / "copy")
    for key in ("nothing", "folder/y"):
        store.delete(key)
    assert not (tmp_path / "copy").exists()
    assert store.read("folder/x") == b"x"


def test_a_deleted_object_is_gone(store: ObjectStore) -> None:
    store.write("a/b", b"x")
    store.delete("a/b")
    assert store.stat("a/b") is None
    assert list(store.list("a/")) == []


def test_listing_is_in_key_order_and_by_prefix(store: ObjectStore) -> None:
    keys = ["a", "a-b", "a.b", "a/b", "a/b/c-d", "a0", "b/x", "b/y", "voices/anna.txt", "voices/anna.wav"]
    keys.remove("a")  # a file cannot have the name of a folder
    keys.remove("a/b")
    for key in reversed(keys):
        store.write(key, key.encode())
    assert [info.key for info in store.list()] == sorted(keys)
    assert [info.key for info in store.list("a")] == [key for key in sorted(keys) if key.startswith("a")]
    assert [info.key for info in store.list("voices/")] == ["voices/anna.txt", "voices/anna.wav"]
    assert [info.key for info in store.list("voices/anna.w")] == ["voices/anna.wav"]
    assert list(store.list("nothing/")) == []
    assert list(store.list("voices/anna.wav/")) == []
    assert list(store.list("b/x")) == [store.stat("b/x")]


def test_stat_many_finds_the_existing_keys(store: ObjectStore) -> None:
    keys = [f"clips/{number % 7:02}/{number:04}" for number in range(150)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.write(key, key.encode()), keys))
    wanted = [*keys[::3], "clips/00/none", "clips/zz/none", "none"]
    found = store.stat_many(wanted)
    assert sorted(found) == sorted(keys[::3])
    assert all(info.key == key and info.size == len(key) for key, info in found.items())
    assert store.stat_many([]) == {}


def test_an_uploaded_file_can_be_downloaded(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(range(256)) * 5000)
    uploaded = store.upload(source, "models/x.bin")
    target = tmp_path / "deep" / "folder" / "copy.bin"
    downloaded = store.download("models/x.bin", target)
    assert target.read_bytes() == source.read_bytes()
    assert uploaded.etag == downloaded.etag
    assert downloaded.size == 1_280_000
    assert sorted(path.name for path in target.parent.iterdir()) == ["copy.bin"]


def test_download_refuses_another_version(store: ObjectStore, tmp_path: Path) -> None:
    old = store.write("voices/a.wav", b"one")
    new = store.write("voices/a.wav", b"two")
    with pytest.raises(ObjectChanged, match="replaced"):
        store.download("voices/a.wav", tmp_path / "copy", old.etag)
    assert list(tmp_path.rglob("copy*")) == []
    assert store.download("voices/a.wav", tmp_path / "copy", new.etag).etag == new.etag
    assert (tmp_path / "copy").read_bytes() == b"two"


def test_hostile_keys_are_refused_by_every_method(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_bytes(b"x")
    uses: list[Callable[[str], object]] = [
        store.read,
        store.stat,
        store.delete,
        store.location,
        lambda key: store.write(key, b"x"),
        lambda key: store.create(key, b"x"),
        lambda key: store.stat_many(["fine", key]),
        lambda key: store.download(key, tmp_path / "copy"),
        lambda key: store.upload(source, key),
        lambda key: store.share(key, 60),
    ]
    for key in HOSTILE:
        for use in uses:
            with pytest.raises(UnsafeName):
                use(key)
    assert list(store.list()) == []


def test_hostile_prefixes_are_refused(store: ObjectStore) -> None:
    for prefix in ("../", "/", "/etc/", "a/../", "a\\", ".x", "//", "a b/"):
        with pytest.raises(UnsafeName):
            list(store.list(prefix))
