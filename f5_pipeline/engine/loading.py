"""The engine as a machine proved it: where the speech and the environment of one machine meet, on each of them."""

from __future__ import annotations

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.settings.environment import load_settings


def load_f5_engine(model: ReadyModel) -> SpeechEngine:
    """F5-TTS as the environment's settings want it, with the attention that was proven on this machine."""
    from f5_pipeline.engine.f5.engine import F5Engine

    settings = load_settings()
    attention = prove_environment(settings).attention
    engine = F5Engine(model.spec, model.files, settings.device, settings.precision, attention, settings.batch_seconds)
    return with_word_spacing(engine, model.spacing)
