"""What a batch is made of: its manifest, its voices, its models, the engine; and which version of each there is now.

Versions are compared, never read: they come from listings and from the catalogue, so that asking costs next to
nothing. What follows from a difference is decided in ``upkeep``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePath

from f5_pipeline.engine.protocol import ENGINE_VERSION
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec, SourceFile
from f5_pipeline.results.manifest_files import ManifestFiles, fingerprint
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import STORE_DICTIONARY
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.voices.listing import VoiceFiles, list_voices

_VOICE, _MODEL = "voice ", "model "
_ABOUT = ("description", "licence", "commercial")  # of a model: what does not shape its sound


@dataclass(frozen=True)
class Inputs:
    """What batches are made of, in the versions that there are now."""

    voices: Mapping[str, VoiceFiles]
    catalogue: Mapping[str, ModelSpec]
    default_model: str
    dictionary: str = ""  # the version of the store's; "": it has none

    def input_versions(
        self, files: ManifestFiles, voices: Iterable[str], models: Iterable[str], *, uses_default_model: bool
    ) -> dict[str, str]:
        """The version of everything that a batch is made of, by what it is ("manifest", "voice anna", …).

        Args:
            files: its manifest, and what lies beside it.
            voices: names, also of voices that are not there: when they come, that is a change.
            models: names in the catalogue.
            uses_default_model: ``F5_MODEL`` has a say.
        """
        named = {*(f"{_VOICE}{name}" for name in voices), *(f"{_MODEL}{name}" for name in models)}
        parts = ["manifest", "pronunciations", "engine", *(["F5_MODEL"] if uses_default_model else []), *sorted(named)]
        return {part: self.version(part, files) for part in parts}

    def version(self, part: str, files: ManifestFiles) -> str:
        """The version of one part of a batch now; "" if there is no such thing."""
        if part.startswith(_VOICE):
            voice = self.voices.get(part.removeprefix(_VOICE))
            return fingerprint(voice.objects) if voice else ""
        if part.startswith(_MODEL):
            spec = self.catalogue.get(part.removeprefix(_MODEL))
            return _model_version(spec) if spec else ""
        others = {"pronunciations": self.dictionary, "engine": ENGINE_VERSION, "F5_MODEL": self.default_model}
        return files.version if part == "manifest" else others.get(part, "")

    def inputs(self, files: ManifestFiles) -> str:
        """Changes with anything that a run of this batch might depend on, used or not."""
        return digest([files.version, self._everything])

    @cached_property
    def _everything(self) -> str:
        voices = {name: fingerprint(voice.objects) for name, voice in self.voices.items()}
        models = {name: _model_version(spec) for name, spec in self.catalogue.items()}
        return digest([voices, models, self.default_model, self.dictionary, ENGINE_VERSION])


def read_inputs(store: ObjectStore, settings: Settings) -> Inputs:
    """What there is in the store and in the catalogue now.

    Raises:
        BadSetting: the user's catalogue cannot be read.
        StoreUnusable: the store cannot be listed.
    """
    return Inputs(list_voices(store), load_catalogue(settings), settings.model, dictionary_version(store))


def dictionary_version(store: ObjectStore) -> str:
    """The version of the store's dictionary of pronunciations; "" if it has none."""
    info = store.stat(STORE_DICTIONARY)
    return info.etag if info else ""


def digest(value: object) -> str:
    """A short fingerprint of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _model_version(spec: ModelSpec) -> str:
    """Files count by their pinned content; where none is pinned, by where they come from."""
    left_out = {*_ABOUT, *spec.files}
    parts = {name: value for name, value in asdict(spec).items() if name not in left_out and value is not None}
    return digest([parts, {name: file.sha256 or _place(file) for name, file in spec.files.items()}])


def _place(file: SourceFile) -> str:
    """A local file may lie elsewhere on another machine, and is no other model for that."""
    return file.source if ":" in file.source else PurePath(file.source).name
