"""The process of the networks: ``python -m f5_pipeline.quality.neural.worker``, started by ``networks``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from f5_pipeline.quality.serve import Answer, serve


def load() -> Answer:
    """Load both networks.

    Raises:
        NetworksFailed: the extra ``quality`` is not installed, or broken.
    """
    from f5_pipeline.errors import NetworksFailed
    from f5_pipeline.quality.neural.mel import resampled
    from f5_pipeline.quality.neural.mos import MosPredictor, mos_model
    from f5_pipeline.quality.neural.speaker import SpeakerEncoder, speech_only

    if (model := mos_model()) is None:
        raise NetworksFailed("the extra quality is not installed")
    try:
        encoder, predictor = SpeakerEncoder(), MosPredictor(model)
    except (ImportError, OSError, ValueError) as error:  # of the encoder
        raise NetworksFailed(f"they cannot be loaded ({error})") from None

    def answer(header: Mapping[str, Any], samples: np.ndarray) -> Mapping[str, object]:
        speech = resampled(samples)
        return {"windows": encoder.embed(speech_only(speech)).tolist(), "mos": predictor.predict(speech)}

    return answer


if __name__ == "__main__":
    serve(load)
