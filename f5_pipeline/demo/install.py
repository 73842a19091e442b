"""Installs the demo's voices and manifest in a store, and never replaces the user's files.

Not here: registering the batch as a partition (``demo.__main__``) and speaking it (Dagster).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore

BATCH = "demo"
VOICES = ("f2", "f3", "f5", "m1", "m3", "m4")

_SETTINGS_SUFFIX = "toml"  # settings of a voice or batch; the demo ships none, so these are the user's


@dataclass(frozen=True)
class Installed:
    """The result for one voice or manifest."""

    kind: str  # "voice" | "manifest"
    name: str
    action: str  # "added" | "already there" | "kept": the user has a different one of that name
    location: str  # of the demo's file, or of the user's if that was kept

    def __str__(self) -> str:
        action = "kept your own" if self.action == "kept" else self.action
        return f"{self.kind} {self.name}: {action} ({self.location})"


def install(store: ObjectStore) -> list[Installed]:
    """Install the demo's voices (``voices/``) and manifest (``manifests/demo.csv``) in ``store``.

    Keeps a voice or batch of the same name whose files differ from the demo's.

    Raises:
        StoreUnusable: the store cannot be written.
    """
    return [_install_one(store, kind, name, objects) for kind, name, objects in _shipped()]


def _shipped() -> Iterator[tuple[str, str, Mapping[str, bytes]]]:
    """Kind, name and objects (key → bytes) of each voice and of the manifest."""
    folder = files("f5_pipeline.demo")
    for voice in VOICES:
        names = (f"{voice}.wav", f"{voice}.txt")
        yield (
            "voice",
            voice,
            {layout.voice_object(name): folder.joinpath("voices", name).read_bytes() for name in names},
        )
    yield "manifest", BATCH, {layout.manifest_object(BATCH, "csv"): folder.joinpath("manifest.csv").read_bytes()}


def _install_one(store: ObjectStore, kind: str, name: str, objects: Mapping[str, bytes]) -> Installed:
    present = _present(store, next(iter(objects)))
    users = sorted(key for key in present if key not in objects or store.read(key) != objects[key])
    if users:
        return Installed(kind, name, "kept", store.location(users[0]))
    for key, data in objects.items():
        if key not in present:
            store.write(key, data)
    action = "already there" if len(present) == len(objects) else "added"
    return Installed(kind, name, action, store.location(next(iter(objects))))


def _present(store: ObjectStore, key: str) -> set[str]:
    """The store's keys with the same name as ``key`` and any suffix, except the settings file."""
    stem = key.rpartition(".")[0]
    keys = (info.key for info in store.list(f"{stem}."))
    return {each for each in keys if each.rpartition(".")[0] == stem and not each.endswith(f".{_SETTINGS_SUFFIX}")}
