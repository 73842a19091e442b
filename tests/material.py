"""Test material: the embedded voices, and words that the embedded model speaks well."""

from __future__ import annotations

from importlib.resources import files

from f5_pipeline.storage.object_store import ObjectStore

WORDS = (
    *("river", "lamp", "window", "garden", "bread", "winter", "letter", "horse"),
    *("music", "silver", "station", "evening", "harbor", "bicycle", "planet"),
)


def put_voices(store: ObjectStore, *names: str) -> None:
    """Put embedded voices, each with its transcript, into a store."""
    for name in names:
        for suffix in ("wav", "txt"):
            data = files("f5_pipeline.demo").joinpath("voices", f"{name}.{suffix}").read_bytes()
            store.write(f"voices/{name}.{suffix}", data)
