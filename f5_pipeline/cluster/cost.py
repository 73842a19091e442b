"""The cost of a line: what the model computes to speak it. ``backlog`` and ``scheduler`` only see the numbers."""

from __future__ import annotations

import math

from f5_pipeline.engine.protocol import frames_of
from f5_pipeline.synthesis.request import SynthesisRequest

LOOKUP_COST = 0.01  # cost of a line whose clip is stored, as a part of the cost of speaking it
_DEFAULT_WIDTH = 1024  # of an F5-TTS model, for a catalogue entry that does not give it
#: A transformer layer needs 16 · width² multiplications for a frame, and 4 · width · frames for its attention to all
#: frames: at 4 · width frames both are equal.
_FRAMES_TO_WIDTH = 4.0
_OVERHEAD_FRAMES = 30.0  # measuring, encoding and storing a clip, as frames of the model's work


def cost_of(request: SynthesisRequest) -> float:
    """The cost of speaking a line, in frames that pass through the model once; only proportions are meaningful.

    The reference passes through the model with every chunk of a text, and attention grows with the square of the
    length.
    """
    seconds, sampling = request.expected_seconds, request.utterance.sampling
    chunks = max(1, math.ceil(seconds / request.max_chunk_seconds))
    frames = request.speakers[0].reference.frames + frames_of(seconds) / chunks
    width = float(request.model.spec.arch.get("dim", _DEFAULT_WIDTH))
    frames_per_pass = frames * (1.0 + frames / (_FRAMES_TO_WIDTH * width))
    passes = sampling.nfe_step * (2 if sampling.cfg_strength else 1)
    return chunks * frames_per_pass * passes + _OVERHEAD_FRAMES * sampling.nfe_step
