"""Loaded before the tests, which import f5_tts like the engine does: without its trainer."""

from f5_pipeline.engine.f5.upstream import prepare_imports

prepare_imports()
