"""Voices whose audio is never read: enough for listings and transcripts."""

from __future__ import annotations

from f5_pipeline.storage.object_store import ObjectStore


def put_fake_voices(store: ObjectStore, *names: str) -> None:
    """Put voices with invalid audio and a valid transcript into a store."""
    for name in names:
        store.write(f"voices/{name}.wav", b"not read")
        store.write(f"voices/{name}.txt", b"Hello there.")
