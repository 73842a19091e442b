"""Which files make up a batch's manifest, and which version of each is there: by one listing, reading none.

Their content is ``speech.manifests``' business; what was made of which version is in ``provenance``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from f5_pipeline.storage.layout import COVERS, DICTIONARY, MANIFEST_FORMATS, MANIFESTS, SUBMITTING, is_batch_name
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug


@dataclass(frozen=True)
class ManifestFiles:
    """The files of one batch under ``manifests/``."""

    batch: str
    manifests: tuple[ObjectInfo, ...]  # one; more than one is the user's mistake, and said when the batch is run
    beside: tuple[ObjectInfo, ...] = ()  # settings, dictionary, cover
    being_submitted: bool = False  # they do not belong together yet

    @property
    def version(self) -> str:
        """Changes whenever one of the files does, comes or goes."""
        return fingerprint([*self.manifests, *self.beside])

    @property
    def changed(self) -> datetime:
        """When the youngest of the files was written."""
        return max(info.modified for info in (*self.manifests, *self.beside))


def list_manifests(store: ObjectStore) -> dict[str, ManifestFiles]:
    """The files of every batch that has a manifest, by name. Unsafe names and strangers' files are passed over.

    Raises:
        StoreUnusable: the store cannot be listed.
    """
    return _by_batch(store.list(MANIFESTS))


def manifest_files(store: ObjectStore, batch: str) -> ManifestFiles:
    """The files of one batch; without a manifest if it has none."""
    found = _by_batch(store.list(f"{MANIFESTS}{check_slug('batch', batch)}."))
    return found.get(batch, ManifestFiles(batch, ()))


def fingerprint(infos: Iterable[ObjectInfo]) -> str:
    """A digest of which objects there are, in which versions; "" if there are none."""
    versions = [f"{info.key} {info.etag}" for info in infos]
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:32] if versions else ""


def _by_batch(infos: Iterable[ObjectInfo]) -> dict[str, ManifestFiles]:
    manifests: dict[str, list[ObjectInfo]] = {}
    beside: dict[str, list[ObjectInfo]] = {}
    submitted = set()
    for info in infos:
        name, _, suffix = info.key.removeprefix(MANIFESTS).rpartition(".")
        if suffix in MANIFEST_FORMATS and is_batch_name(name):
            manifests.setdefault(name, []).append(info)
        elif suffix == SUBMITTING:
            submitted.add(name)
        elif suffix in ("toml", *COVERS) or name.endswith(DICTIONARY):
            beside.setdefault(name.removesuffix(DICTIONARY), []).append(info)
    return {
        batch: ManifestFiles(batch, tuple(files), tuple(beside.get(batch, ())), batch in submitted)
        for batch, files in sorted(manifests.items())
    }
