"""The recordings of a batch's voices, copied beside the listening page: to compare a clip with its reference."""

from __future__ import annotations

from collections.abc import Iterable

from f5_pipeline.audio.recording_formats import SUFFIXES
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.delivery_record import Delivered, fingerprint_of
from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import REFERENCES, VOICES
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

_MAX_BYTES = 20 * 2**20  # a larger recording is not copied


class References:
    """The recordings of some voices."""

    def __init__(self, store: ObjectStore, builder: DeliveryBuilder, voices: Iterable[str]) -> None:
        self._store, self._builder = store, builder
        wanted = set(voices)
        self._found: dict[str, ObjectInfo] = {}
        for info in store.list(VOICES) if wanted else ():
            name, _, suffix = info.key.removeprefix(VOICES).rpartition(".")
            if name in wanted and suffix.lower() in SUFFIXES and info.size <= _MAX_BYTES:
                self._found.setdefault(name, info)

    def names(self) -> dict[str, str]:
        """The copies by voice, relative to the batch's folder; without those that were deleted meanwhile."""
        names = {voice: self._name(info) for voice, info in self._found.items()}
        return {voice: name for voice, name in names.items() if self._builder.files[self._builder.prefix + name].size}

    def jobs(self) -> list[Job]:
        """The jobs for all copies."""
        return [self._job(info) for info in self._found.values()]

    def _name(self, info: ObjectInfo) -> str:
        return f"{REFERENCES}{info.key.removeprefix(VOICES)}"

    def _job(self, info: ObjectInfo) -> Job:
        key, fingerprint = self._builder.prefix + self._name(info), fingerprint_of("reference", info.etag, info.size)

        def build() -> Delivered:
            try:
                copy = self._store.write(key, self._store.read(info.key))
            except ObjectMissing:  # the voice was deleted meanwhile
                return Delivered("")
            return Delivered(fingerprint, copy.size, copy.etag)

        return Job(key, fingerprint, build)
