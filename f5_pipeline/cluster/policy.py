"""The policy of a pool of workers: its size, the size of groups, and its time limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """How a pool behaves. Times are in seconds."""

    max_workers: int
    min_workers: int = 1  # that are started and kept, however little work there is
    in_flight: int = 2  # groups that a worker has in hand, so that it does not wait for the next one
    group_seconds: float = 60.0  # longest group, unless it is one line
    tail_seconds: float = 2.0  # shortest group, at the end of the batch
    probe_lines: int = 16  # size of a worker's first group, before its speed is known
    min_worker_seconds: float = 20.0  # of work for a worker: with less, no further one is started
    max_errors: int = 3  # of one worker in a row: then it leaves
    stall_seconds: float = 1800.0  # by which a group exceeds its expected time before its worker is checked
    start_timeout: float = 1800.0  # for workers to get ready while none speaks

    @property
    def max_deaths_in_a_row(self) -> int:
        """Deaths with no line spoken between them, after which the run fails.

        A machine may take all its workers with it, and the longest lines, which come first, may each kill a worker.
        """
        return 20 + 2 * self.max_workers
