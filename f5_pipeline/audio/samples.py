"""Audio samples as an array: mono, float32, at the pipeline's one sample rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 24_000  # Hz: the rate of F5-TTS, for references, chunks and clips

#: Mono samples, float32, nominally within -1 … 1, shape [samples].
Samples = npt.NDArray[np.float32]
