"""Test material: the embedded voices, and words that the embedded model speaks well."""

from __future__ import annotations

from importlib.resources import files

from f5_pipeline.storage.object_store import ObjectStore

WORDS = (
    *("river", "lamp", "window", "garden", "bread", "winter", "letter", "horse"),
    *("music", "silver", "station", "evening", "harbor", "bicycle", "planet"),
)

#: An image of one pixel, as a cover.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540000000004945"
    "4e44ae426082"
)


def put_voices(store: ObjectStore, *names: str) -> None:
    """Put embedded voices, each with its transcript, into a store."""
    for name in names:
        for suffix in ("wav", "txt"):
            data = files("f5_pipeline.demo").joinpath("voices", f"{name}.{suffix}").read_bytes()
            store.write(f"voices/{name}.{suffix}", data)
