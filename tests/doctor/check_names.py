"""The names of all checks, in order. Monitoring relies on them, so they are pinned here."""

from __future__ import annotations

BUCKET_ONLY = ("store_endpoint", "store_clock", "store_credentials")
NAMES = [
    *("settings", "variables", "python", "packages", "asset_selections", "instance", "instance_leftovers", "port"),
    *("torch", "torchaudio", "vocos", "f5_tts", "cuda", "attention", "disk", "memory", "cache"),
    *(*BUCKET_ONLY, "store_listing", "store_write", "voices", "model", "model_licence"),
]
