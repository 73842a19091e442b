"""Sound as an array: mono, float32, at one sample rate throughout."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 24_000  # Hz: F5's own rate, of references, chunks and clips

#: Mono samples, float32, nominally within -1 … 1, shape [samples].
Samples = npt.NDArray[np.float32]
