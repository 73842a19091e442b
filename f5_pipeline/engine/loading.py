"""Loads the speech engine with the settings of this machine and the attention kernel that was proven on it."""

from __future__ import annotations

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.settings.environment import Settings, load_settings


def load_f5_engine(model: ReadyModel, settings: Settings | None = None) -> SpeechEngine:
    """Load F5-TTS: device, precision and batch size from the settings, attention as proven on this machine.

    Args:
        settings: default: those of the environment.

    Raises:
        BadSetting: a setting has an impossible value.
    """
    from f5_pipeline.engine.f5.engine import F5Engine

    settings = settings or load_settings()
    attention = prove_environment(settings).attention
    engine = F5Engine(model.spec, model.files, settings.device, settings.precision, attention, settings.batch_seconds)
    return with_word_spacing(engine, model.word_timing)
