"""A small batch of real speech to deliver, and a store that counts its calls."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE as RATE
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.deliver import DeliveryReport, deliver_batch
from f5_pipeline.errors import ObjectMissing
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.storage.layout import clip_object, delivery_record_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from tests.delivery.pages import rows_of_data


class CountingStore(LocalStore):
    """A folder that counts calls by name, and raises ``ObjectMissing`` for keys that contain ``refuse``."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.calls: Counter[str] = Counter()
        self.refuse = ""
        self.record_at_upload = b""
        self._lock = threading.Lock()

    def _count(self, call: str, key: str) -> None:
        with self._lock:
            self.calls[call] += 1
        if self.refuse and self.refuse in key:
            raise ObjectMissing(key)

    def read(self, key: str, first: int | None = None) -> bytes:
        self._count("read", key)
        return super().read(key, first)

    def write(self, key: str, data: bytes) -> ObjectInfo:
        self._count("write", key)
        return super().write(key, data)

    def upload(self, path: Path, key: str) -> ObjectInfo:
        self._count("upload", key)
        self.record_at_upload = super().read(delivery_record_object("demo"))
        return super().upload(path, key)

    def delete(self, key: str) -> None:
        self._count("delete", key)
        super().delete(key)

    def list(self, prefix: str = "") -> Any:
        self._count("list", prefix)
        return super().list(prefix)


class Batch:
    """A finished batch of six lines in two sections; the fourth line failed, the fifth was rejected."""

    def __init__(self, store: ObjectStore, voices: dict[str, Samples]) -> None:
        self.store = store
        self.settings = BatchSettings(format="wav")
        self.rows: list[IndexRow] = []
        self.utterances: list[Utterance] = []
        recordings = list(voices.values())
        for number, status in enumerate(["ok", "suspect", "ok", "failed", "rejected", "ok"], start=1):
            self.add(f"line-{number}", status, recordings[number % len(recordings)][: RATE + number * 2_000])
        write_index(store, "demo", self.rows)

    def add(self, id: str, status: Any, samples: Samples) -> None:
        """Append a line; ok and suspect lines have a clip with these samples."""
        key = hashlib.sha256(f"{id} {samples.size}".encode()).hexdigest()
        text = f"This is {id}."
        spoken = status in ("ok", "suspect")
        if spoken:
            ClipStore(self.store).save(key, samples, {})
        row = IndexRow(
            id, text, text.lower(), voice="anna", model="demo", status=status, reason="" if status == "ok" else "why"
        )
        self.rows.append(
            replace(row, key=key, clip=clip_object(key), audio_seconds=samples.size / RATE) if spoken else row
        )
        if status != "rejected":
            section = "one" if id <= "line-3" else "two"
            sampling = Sampling(7, 1.0, -1.0, 1.0, 0.15)
            self.utterances.append(
                Utterance(id, len(self.rows), text, text.lower(), "anna", "demo", "en", sampling, section=section)
            )

    def deliver(self, **options: Any) -> DeliveryReport:
        return deliver_batch(self.store, "demo", self.settings, self.rows, self.utterances, **options)

    def names(self) -> list[str]:
        """The files in the batch's folder, without the index."""
        names = (info.key.removeprefix("batches/demo/") for info in self.store.list("batches/demo/"))
        return [name for name in names if not name.startswith("index.")]

    def path(self, name: str) -> Path:
        """The path of a delivered file; for stores in a folder."""
        return Path(self.store.location(f"batches/demo/{name}"))

    def audio(self, name: str) -> tuple[Samples, int]:
        """Samples and sample rate of a delivered file."""
        return soundfile.read(io.BytesIO(self.store.read(f"batches/demo/{name}")), dtype="float32")

    def page(self) -> dict[str, dict[str, Any]]:
        """The rows of the delivered page by id."""
        return {row["id"]: row for row in rows_of_data(self.store.read("batches/demo/report.html").decode())}
