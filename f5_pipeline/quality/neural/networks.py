"""The networks of neural measures: whether they can be used on this machine, and a process that runs them.

Speaker embeddings and MOS of a clip come from one process: it reads the clip's samples once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f5_pipeline.audio.samples import Samples
from f5_pipeline.errors import NetworksFailed
from f5_pipeline.quality.child_process import ChildFailed, ChildProcess
from f5_pipeline.quality.neural.mos import mos_model
from f5_pipeline.results.neural_records import NeuralRecord
from f5_pipeline.settings.environment import Settings

_WORKER = "f5_pipeline.quality.neural.worker"
_NAME = "neural-1"  # change it when the record of a clip can change


class Networks(Protocol):
    """Measures clips. Not thread-safe: one thread at a time."""

    def load(self) -> None:
        """Load, unless that is done.

        Raises:
            NetworksFailed: they cannot be loaded, so that no clip can be measured.
        """

    def measure(self, samples: Samples) -> NeuralRecord:
        """Measure speech.

        Args:
            samples: float32, mono, 24 kHz, shape (n,).

        Raises:
            NetworksFailed: these samples, or any, cannot be measured.
        """


@dataclass(frozen=True)
class NetworksSpec:
    """The networks of a run."""

    name: str = _NAME  # a slug
    processes: int = 1


def choose_networks(settings: Settings) -> NetworksSpec | None:
    """The networks of this machine; None if they are switched off or the extra ``quality`` is not installed."""
    if settings.neural_measures == "none" or mos_model() is None:
        return None
    return NetworksSpec(processes=max(1, min(8, (os.cpu_count() or 1) // 8)))  # one measures 30 times real time


def no_networks() -> None:
    """Selects no networks."""


class NetworksProcess:
    """Implements ``Networks`` in a process of its own, started at the first clip."""

    def __init__(self) -> None:
        self._process = ChildProcess(_WORKER, threads=1)

    def load(self) -> None:
        try:
            self._process.start()
        except ChildFailed as error:
            raise NetworksFailed(str(error)) from None

    def measure(self, samples: Samples) -> NeuralRecord:
        try:
            response = self._process.request({}, samples)
        except ChildFailed as error:
            raise NetworksFailed(str(error)) from None
        return NeuralRecord(np.array(response["windows"], np.float32), response["mos"])

    def close(self) -> None:
        """Kill the process, which aborts a measurement in progress."""
        self._process.close()
