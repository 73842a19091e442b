"""Inputs of a batch (manifest, dictionary, voices, models, engine) and their current versions.

Versions come from listings and from the catalogue, and are only compared, so that a check costs next to nothing.
``staleness`` decides what follows from a difference.
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
_DESCRIPTIVE = ("description", "licence", "commercial")  # fields of a model that do not shape its sound


@dataclass(frozen=True)
class CurrentInputs:
    """Everything in the store and the catalogue that a batch can depend on, at its current version."""

    voices: Mapping[str, VoiceFiles]
    catalogue: Mapping[str, ModelSpec]
    default_model: str
    dictionary: str = ""  # version of the store's dictionary; "" if it has none

    def versions(
        self, files: ManifestFiles, voices: Iterable[str], models: Iterable[str], *, uses_default_model: bool
    ) -> dict[str, str]:
        """The version of each input of a batch, by its name ("manifest", "voice anna", …).

        Args:
            files: the manifest and its sidecar files.
            voices: names of voices, including missing ones: adding such a voice is a change.
            models: names of models in the catalogue.
            uses_default_model: True if the batch depends on ``F5_MODEL``.
        """
        named = {*(f"{_VOICE}{name}" for name in voices), *(f"{_MODEL}{name}" for name in models)}
        inputs = ["manifest", "pronunciations", "engine", *(["F5_MODEL"] if uses_default_model else []), *sorted(named)]
        return {name: self.version(name, files) for name in inputs}

    def version(self, name: str, files: ManifestFiles) -> str:
        """The current version of one input of a batch; "" if it does not exist."""
        if name.startswith(_VOICE):
            voice = self.voices.get(name.removeprefix(_VOICE))
            return fingerprint(voice.objects) if voice else ""
        if name.startswith(_MODEL):
            spec = self.catalogue.get(name.removeprefix(_MODEL))
            return _model_version(spec) if spec else ""
        others = {"pronunciations": self.dictionary, "engine": ENGINE_VERSION, "F5_MODEL": self.default_model}
        return files.version if name == "manifest" else others.get(name, "")

    def digest(self, files: ManifestFiles) -> str:
        """Changes with anything that a run of this batch could depend on, used or not."""
        return _digest([files.version, self._shared_digest])

    @cached_property
    def _shared_digest(self) -> str:
        voices = {name: fingerprint(voice.objects) for name, voice in self.voices.items()}
        models = {name: _model_version(spec) for name, spec in self.catalogue.items()}
        return _digest([voices, models, self.default_model, self.dictionary, ENGINE_VERSION])


def read_inputs(store: ObjectStore, settings: Settings) -> CurrentInputs:
    """List the current inputs in the store and in the catalogue.

    Raises:
        BadSetting: the user's catalogue cannot be read.
        StoreUnusable: the store cannot be listed.
    """
    return CurrentInputs(list_voices(store), load_catalogue(settings), settings.model, dictionary_version(store))


def dictionary_version(store: ObjectStore) -> str:
    """The version of the store's pronunciation dictionary; "" if it has none."""
    info = store.stat(STORE_DICTIONARY)
    return info.etag if info else ""


def _digest(value: object) -> str:
    """A short sha256 of plain values: 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _model_version(spec: ModelSpec) -> str:
    """Identifies files by their pinned sha256, or by their source where none is pinned."""
    left_out = {*_DESCRIPTIVE, *spec.files}
    parts = {name: value for name, value in asdict(spec).items() if name not in left_out and value is not None}
    parts["default_sampling"] = spec.default_sampling.settings
    return _digest([parts, {name: file.sha256 or _portable_source(file) for name, file in spec.files.items()}])


def _portable_source(file: SourceFile) -> str:
    """The source without the folder of a local file: another path on another machine is the same model."""
    return file.source if ":" in file.source else PurePath(file.source).name
