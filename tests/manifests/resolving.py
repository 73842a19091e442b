"""Resolves single rows, with voices whose audio is never read."""

from __future__ import annotations

from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.manifests.utterance_file import BatchContents
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore

CATALOGUE = load_catalogue(Settings())
SMALL = frozenset(" abcdefghijklmnopqrstuvwxyz',.?!")


def resolve(store: LocalStore, text: str, *, voice: str = "anna", columns: str = "", toml: str = "") -> BatchContents:
    """Resolve one row with this text. ``columns``: further columns, as a CSV header line and a line of values."""
    names, _, values = columns.partition("\n")
    escaped = text.replace('"', '""')
    store.write("manifests/b.csv", f'text,voice,{names}\n"{escaped}",{voice},{values}\n'.encode())
    store.write("manifests/b.toml", toml.encode())
    return read_utterances(store, "b", Settings(model="demo"), CATALOGUE, lambda spec: SMALL)


def resolve_valid(store: LocalStore, text: str, *, voice: str = "anna", columns: str = "", toml: str = "") -> Utterance:
    """The utterance of one row with this text, which must be valid."""
    contents = resolve(store, text, voice=voice, columns=columns, toml=toml)
    assert contents.rejected == ()
    (utterance,) = contents.utterances
    return utterance
