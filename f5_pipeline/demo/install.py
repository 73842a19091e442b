"""Putting the demo's voices and manifest into a store. What is the user's own there stays as it is.

Registering the batch as a partition, and speaking it, happen elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore

BATCH = "demo"
VOICES = ("f2", "f3", "f5", "m1", "m3", "m4")

_SETTINGS_SUFFIX = "toml"  # a voice's or batch's own settings: never ours to compare


@dataclass(frozen=True)
class Installed:
    """What was done with one voice or manifest."""

    kind: str  # "voice" | "manifest"
    name: str
    done: str  # "added" | "already there" | "kept": the user has another one of that name
    location: str  # where it is, or where the user's own is

    def __str__(self) -> str:
        done = "kept your own" if self.done == "kept" else self.done
        return f"{self.kind} {self.name}: {done} ({self.location})"


def install(store: ObjectStore) -> list[Installed]:
    """Put the demo's voices (``voices/``) and manifest (``manifests/demo.csv``) into ``store``.

    Nothing of the user's is replaced: a voice or batch of the same name that is not ours, to the byte, is kept.

    Raises:
        StoreUnusable: the store cannot be written.
    """
    return [_put(store, kind, name, objects) for kind, name, objects in _shipped()]


def _shipped() -> Iterator[tuple[str, str, Mapping[str, bytes]]]:
    """Kind, name, and the objects (key → bytes) of everything that belongs to the demo."""
    folder = files("f5_pipeline.demo")
    for voice in VOICES:
        names = (f"{voice}.wav", f"{voice}.txt")
        yield (
            "voice",
            voice,
            {layout.voice_object(name): folder.joinpath("voices", name).read_bytes() for name in names},
        )
    yield "manifest", BATCH, {layout.manifest_object(BATCH, "csv"): folder.joinpath("manifest.csv").read_bytes()}


def _put(store: ObjectStore, kind: str, name: str, objects: Mapping[str, bytes]) -> Installed:
    there = _present(store, next(iter(objects)))
    foreign = sorted(key for key in there if key not in objects or store.read(key) != objects[key])
    if foreign:
        return Installed(kind, name, "kept", store.location(foreign[0]))
    for key, data in objects.items():
        if key not in there:
            store.write(key, data)
    done = "already there" if len(there) == len(objects) else "added"
    return Installed(kind, name, done, store.location(next(iter(objects))))


def _present(store: ObjectStore, key: str) -> set[str]:
    """What the store has under this key's name, with whatever suffix; its settings file is not in the way."""
    stem = key.rpartition(".")[0]
    found = (info.key for info in store.list(f"{stem}."))
    return {each for each in found if each.rpartition(".")[0] == stem and not each.endswith(f".{_SETTINGS_SUFFIX}")}
