"""f5-pipeline: batch text-to-speech with F5-TTS, orchestrated by Dagster.

For Dagster projects: ``speech_definitions`` and the component ``SpeechPipeline``. They are imported when they are first
used, because everything else, such as a look-up of results, works without Dagster.
"""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "SpeechPipeline": "f5_pipeline.defs.component",
    "speech_definitions": "f5_pipeline.defs.code_location",
}

__all__ = ["SpeechPipeline", "speech_definitions"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # dg finds components by this
