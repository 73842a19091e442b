"""The manifest and sidecar files of batches, with their versions, from one listing. Reads no file.

``manifests`` reads their content; ``provenance`` records which versions a batch was spoken from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from f5_pipeline.storage.layout import (
    COVERS,
    DECISIONS,
    DICTIONARY,
    MANIFEST_FORMATS,
    MANIFESTS,
    SUBMITTING,
    is_batch_name,
)
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug


@dataclass(frozen=True)
class ManifestFiles:
    """The files of one batch under ``manifests/``."""

    batch: str
    manifests: tuple[ObjectInfo, ...]  # one; more than one is an error when the batch runs
    sidecars: tuple[ObjectInfo, ...] = ()  # settings, dictionary, decisions, cover
    being_submitted: bool = False  # the files are being replaced, or a submission was interrupted

    @property
    def version(self) -> str:
        """Changes when a file is changed, added or deleted."""
        return fingerprint([*self.manifests, *self.sidecars])

    @property
    def changed(self) -> datetime:
        """The time of the latest change of a file."""
        return max(info.modified for info in (*self.manifests, *self.sidecars))


def list_manifests(store: ObjectStore) -> dict[str, ManifestFiles]:
    """The files of every batch that has a manifest, by batch. Ignores unsafe names and foreign files.

    Raises:
        StoreUnusable: the store cannot be listed.
    """
    return _by_batch(store.list(MANIFESTS))


def manifest_files(store: ObjectStore, batch: str) -> ManifestFiles:
    """The files of one batch; ``manifests`` is empty if it has none."""
    found = _by_batch(store.list(f"{MANIFESTS}{check_slug('batch', batch)}."))
    return found.get(batch, ManifestFiles(batch, ()))


def fingerprint(infos: Iterable[ObjectInfo]) -> str:
    """A digest of object keys and ETags, 32 hexadecimal digits; "" if there are no objects."""
    versions = [f"{info.key} {info.etag}" for info in infos]
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:32] if versions else ""


def _by_batch(infos: Iterable[ObjectInfo]) -> dict[str, ManifestFiles]:
    manifests: dict[str, list[ObjectInfo]] = {}
    sidecars: dict[str, list[ObjectInfo]] = {}
    submitted = set()
    for info in infos:
        name, _, suffix = info.key.removeprefix(MANIFESTS).rpartition(".")
        if suffix in MANIFEST_FORMATS and is_batch_name(name):
            manifests.setdefault(name, []).append(info)
        elif suffix == SUBMITTING:
            submitted.add(name)
        elif suffix in ("toml", *COVERS) or name.endswith((DICTIONARY, DECISIONS)):
            sidecars.setdefault(name.removesuffix(DICTIONARY).removesuffix(DECISIONS), []).append(info)
    return {
        batch: ManifestFiles(batch, tuple(files), tuple(sidecars.get(batch, ())), batch in submitted)
        for batch, files in sorted(manifests.items())
    }
