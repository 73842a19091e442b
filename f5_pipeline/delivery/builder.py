"""Builds the missing and outdated files of a delivery: runs jobs in parallel and updates the delivery record.

The modules that define the files (``clip_files``, ``joined``, ``subtitle_files``, ``deliver``) provide the jobs.
Finished files enter the record whatever happens, so they are never built twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore
from time import monotonic

from f5_pipeline.audio.formats import FORMATS
from f5_pipeline.delivery.delivery_record import Delivered, is_current, read_delivery_record, write_delivery_record
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import Threads
from f5_pipeline.storage.retry import limited_retries

Progress = Callable[[int, int], None]  # finished files, of how many

_PARALLEL = 16  # jobs at once: most of them wait for the network
#: The record is written again after this time, and after this many times the seconds that the last write took: the
#: record of 100,000 files takes seconds.
_CHECKPOINT_SECONDS, _CHECKPOINT_WRITES = 10.0, 20.0
_SUFFIXES = {*FORMATS, "srt", "vtt"}


@dataclass(frozen=True)
class Job:
    """A file to deliver."""

    key: str  # object key of the file
    fingerprint: str
    build: Callable[[], Delivered]  # writes the file and returns its entry for the record


class DeliveryBuilder:
    """The files of one batch during a delivery."""

    def __init__(self, store: ObjectStore, batch: str) -> None:
        self.prefix = layout.batch_folder(batch)
        self._store, self._batch = store, batch
        self._previous = read_delivery_record(store, batch)
        self._stored: dict[str, ObjectInfo] = {info.key: info for info in store.list(self.prefix)}
        self.files = dict(self._previous)  # by object key
        #: Hold it while computing: more computations than cores would only need more memory.
        self.cpu_slots = BoundedSemaphore(os.cpu_count() or 1)
        self._requested: set[str] = set()
        self.written = 0
        self._next_save = monotonic() + _CHECKPOINT_SECONDS

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> None:
        """Run the jobs whose files are missing or outdated. The first error cancels the rest and is raised."""
        self._requested.update(job.key for job in jobs)
        pending = [job for job in jobs if not is_current(job.key, job.fingerprint, self._previous, self._stored)]
        if not pending:
            return
        self._reserve(pending)
        pool = Threads(_PARALLEL, "deliver")
        futures = {pool.submit(job.build): job for job in pending}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                self._add(futures[future].key, future.result())
                if progress is not None:
                    progress(done, len(pending))
        except BaseException:
            pool.stop()
            self.files |= {job.key: future.result() for future, job in futures.items() if _succeeded(future)}
            with suppress(F5PipelineError), limited_retries(0):
                self._save()
            raise
        pool.shutdown()

    def amend(self, files: Mapping[str, Delivered]) -> None:
        """Replace the entries of files that were built, for what the page shows of them."""
        self.files |= files

    def finish(self) -> int:
        """Remove earlier files that no job requested, and save the record; returns the number of removed files."""
        stale = sorted(key for key in self._stored if key not in self._requested and self._is_removable(key))
        with Threads(_PARALLEL, "remove") as pool:
            list(pool.map(self._store.delete, stale))
        self.files = {key: self.files[key] for key in self._requested}
        if self.files != self._previous:
            self._save()
        return len(stale)

    def _add(self, key: str, delivered: Delivered) -> None:
        self.files[key] = delivered
        self.written += 1
        if monotonic() >= self._next_save:
            self._save()

    def _reserve(self, jobs: Sequence[Job]) -> None:
        """Record the names of new files outside ``audio/`` first: after a crash they are known to be ours."""
        new = {
            job.key: Delivered("") for job in jobs if job.key not in self.files and f"/{layout.AUDIO}" not in job.key
        }
        if new:
            self.files |= new
            self._save()

    def _is_removable(self, key: str) -> bool:
        """True for audio and subtitles that are in ``audio/`` or in the record; other files belong to the user."""
        in_audio = key.removeprefix(self.prefix).startswith(layout.AUDIO)
        of_page = key.removeprefix(self.prefix).startswith(layout.REFERENCES)  # with the suffixes of recordings
        return (key.rpartition(".")[2] in _SUFFIXES and (in_audio or key in self._previous)) or (
            of_page and key in self._previous
        )

    def _save(self) -> None:
        """Write the record; keeps entries that a concurrent delivery of the batch added, which would be lost."""
        started = monotonic()
        current = read_delivery_record(self._store, self._batch)
        others = {key: current[key] for key in current.keys() - self._previous.keys() - self.files.keys()}
        write_delivery_record(self._store, self._batch, others | self.files)
        ended = monotonic()
        self._next_save = ended + max(_CHECKPOINT_SECONDS, _CHECKPOINT_WRITES * (ended - started))


def _succeeded(future: Future[Delivered]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
