"""Making files that are not there yet: jobs, done in parallel, remembered in the ledger. What a job makes is its own.

Whatever happens, what was finished is in the ledger and is not made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import BoundedSemaphore
from time import monotonic

from f5_pipeline.audio.formats import FORMATS
from f5_pipeline.delivery.delivery_record import Delivered, is_current, read_delivery_record, write_delivery_record
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

Progress = Callable[[int, int], None]  # done, of how many

_PARALLEL = 16  # jobs at once: most of them wait for the network
_CHECKPOINT_FILES, _CHECKPOINT_SECONDS = 500, 10.0  # between two writes of the ledger, whichever comes first
_SUFFIXES = {*FORMATS, "srt", "vtt"}


@dataclass(frozen=True)
class Job:
    """A file to deliver."""

    key: str  # its object key
    recipe: str
    make: Callable[[], Delivered]  # writes the file, and says what was written


class DeliveryBuilder:
    """The delivered files of one batch while they are being delivered."""

    def __init__(self, store: ObjectStore, batch: str) -> None:
        self.prefix = layout.batch_folder(batch)
        self._store, self._batch = store, batch
        self._before = read_delivery_record(store, batch)
        self._stored: dict[str, ObjectInfo] = {info.key: info for info in store.list(self.prefix)}
        self.files = dict(self._before)  # by object key
        #: To be held while computing: more at once than there are cores would only need more memory.
        self.computing = BoundedSemaphore(os.cpu_count() or 1)
        self._wanted: set[str] = set()
        self.written = 0
        self._unwritten, self._remembered = 0, monotonic()  # since the ledger was written

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> None:
        """Do the jobs whose files are not there, or not like that. The first error stops the rest and is raised."""
        self._wanted.update(job.key for job in jobs)
        waiting = [job for job in jobs if not is_current(job.key, job.recipe, self._before, self._stored)]
        if not waiting:
            return
        self._announce(waiting)
        pool = ThreadPoolExecutor(_PARALLEL, "deliver")
        futures = {pool.submit(job.make): job for job in waiting}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                self._record(futures[future].key, future.result())
                if progress is not None:
                    progress(done, len(waiting))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            self.files |= {job.key: future.result() for future, job in futures.items() if _succeeded(future)}
            self._remember()
            raise
        pool.shutdown()

    def finish(self) -> int:
        """Remove what was delivered before and is no longer wanted, remember the rest; how many were removed."""
        stale = sorted(key for key in self._stored if key not in self._wanted and self._is_ours(key))
        with ThreadPoolExecutor(_PARALLEL, "remove") as pool:
            list(pool.map(self._store.delete, stale))
        self.files = {key: self.files[key] for key in self._wanted}
        if self.files != self._before:
            self._remember()
        return len(stale)

    def _record(self, key: str, delivered: Delivered) -> None:
        self.files[key] = delivered
        self.written += 1
        self._unwritten += 1
        if self._unwritten >= _CHECKPOINT_FILES or monotonic() - self._remembered > _CHECKPOINT_SECONDS:
            self._remember()

    def _announce(self, jobs: Sequence[Job]) -> None:
        """Before files appear outside ``audio/``, note their names: after a crash they are known to be ours."""
        new = {job.key: Delivered("") for job in jobs if job.key not in self.files and "/audio/" not in job.key}
        if new:
            self.files |= new
            self._remember()

    def _is_ours(self, key: str) -> bool:
        """Whether we may remove a file: audio or subtitles, in our folder ``audio/`` or known to be made by us."""
        audio = key.removeprefix(self.prefix).startswith("audio/")
        return key.rpartition(".")[2] in _SUFFIXES and (audio or key in self._before)

    def _remember(self) -> None:
        """Write the ledger, with what another delivery of the batch has noted meanwhile: else nobody knew its files."""
        noted = read_delivery_record(self._store, self._batch)
        others = {key: noted[key] for key in noted.keys() - self._before.keys() - self.files.keys()}
        write_delivery_record(self._store, self._batch, others | self.files)
        self._unwritten, self._remembered = 0, monotonic()


def _succeeded(future: Future[Delivered]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
