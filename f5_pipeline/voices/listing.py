"""The voices of a store, from one listing. ``voices.prepare`` downloads, decodes and checks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from f5_pipeline.audio.recording_formats import MAX_BYTES, SUFFIXES
from f5_pipeline.settings.toml import MAX_TOML_BYTES, parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.voices.settings import VoiceSettings

TRANSCRIPT_FORMATS = ("txt", "srt", "vtt")
_KINDS = {"audio file": SUFFIXES, "transcript": TRANSCRIPT_FORMATS, "settings file": ("toml",)}  # kind → suffixes
_OPTIONAL = "settings file"
_SHOWN_FORMATS = 6  # in a message; docs/voices.md has all
_SHOWN_FILES = 10


@dataclass(frozen=True)
class VoiceFiles:
    """The files of one voice: ``voices/NAME.*``, with suffixes in upper or lower case."""

    name: str
    audio: tuple[ObjectInfo, ...] = ()
    transcripts: tuple[ObjectInfo, ...] = ()
    settings_files: tuple[ObjectInfo, ...] = ()
    similar: tuple[str, ...] = ()  # a file of each voice whose name differs in case only, its own too

    @property
    def settings(self) -> ObjectInfo | None:
        """The settings file, if there is one."""
        return self.settings_files[0] if self.settings_files else None

    @property
    def objects(self) -> tuple[ObjectInfo, ...]:
        """All files of a complete voice: audio, transcript, then the settings, if there are any."""
        return (*self.audio, *self.transcripts, *self.settings_files)

    @property
    def problems(self) -> tuple[str, ...]:
        """Problems that the listing alone reveals."""
        found = []
        if self.similar:
            names = " and ".join(self.similar)
            found.append(f"the names of {names} differ in upper and lower case only; rename all but one")
        if any(file.size > MAX_BYTES for file in self.audio):
            found.append(f"its recording is larger than {MAX_BYTES >> 20} MiB; a few seconds are enough")
        for (kind, formats), files in zip(
            _KINDS.items(), (self.audio, self.transcripts, self.settings_files), strict=True
        ):
            if not files and kind != _OPTIONAL:
                alternatives = ", ".join(f".{format}" for format in formats[1:_SHOWN_FORMATS])
                found.append(f"it has no {kind}; add voices/{self.name}.{formats[0]} (or {alternatives})")
            if len(files) > 1:
                names = " and ".join(file.key for file in files)
                found.append(f"it has more than one {kind} ({names}); delete all but one")
        if any(file.size == 0 for file in self.audio):
            found.append("its recording is empty (0 bytes); copy it again")
        return tuple(found)


def list_voices(store: ObjectStore) -> dict[str, VoiceFiles]:
    """The voices of a store by name, sorted. Costs one listing and no download."""
    found: dict[str, dict[str, list[ObjectInfo]]] = {}
    for info in store.list(layout.VOICES):
        name, kind = _name_and_kind(info.key)
        if kind is not None:
            found.setdefault(name, {kind: [] for kind in _KINDS})[kind].append(info)
    alike: dict[str, list[str]] = {}
    for name in sorted(found):
        alike.setdefault(name.lower(), []).append(name)
    return {name: _voice(name, found, alike[name.lower()]) for name in sorted(found)}


def unused_files(store: ObjectStore) -> list[str]:
    """The keys under ``voices/`` that belong to no voice, sorted; a sub-folder is one entry and ends with a slash."""
    return sorted(
        {_without_subfolders(info.key) for info in store.list(layout.VOICES) if not _name_and_kind(info.key)[1]}
    )


def describe_unused(keys: Sequence[str]) -> str:
    """A sentence about unused files; "" if there are none."""
    if not keys:
        return ""
    more = f" and {len(keys) - _SHOWN_FILES} more" if len(keys) > _SHOWN_FILES else ""
    return (
        f"Not part of any voice: {', '.join(keys[:_SHOWN_FILES])}{more}. "
        f"A voice is a recording and a transcript (.{', .'.join(TRANSCRIPT_FORMATS)}), directly in {layout.VOICES}."
    )


def read_voice_settings(store: ObjectStore, files: VoiceFiles) -> VoiceSettings:
    """The settings of a voice; defaults if it has no settings file.

    Raises:
        BadSetting: the file is not valid, or a key is unknown or has an impossible value.
    """
    if files.settings is None:
        return VoiceSettings()
    key = files.settings.key
    return parse_settings(VoiceSettings, store.read(key, MAX_TOML_BYTES + 1), store.location(key))


def _name_and_kind(key: str) -> tuple[str, str | None]:
    """The name of the voice that a file under ``voices/`` belongs to, and the kind of the file; None: to no voice."""
    name, _, suffix = key.removeprefix(layout.VOICES).rpartition(".")
    kinds = (kind for kind, formats in _KINDS.items() if suffix.lower() in formats)
    return name, None if not name or "/" in name else next(kinds, None)


def _without_subfolders(key: str) -> str:
    folder, slash, _ = key.removeprefix(layout.VOICES).partition("/")
    return f"{layout.VOICES}{folder}{slash}"


def _voice(name: str, found: dict[str, dict[str, list[ObjectInfo]]], alike: list[str]) -> VoiceFiles:
    """One of the voices ``found``; ``alike``: the names, its own among them, that differ in case only."""
    audio, transcripts, settings = (tuple(found[name][kind]) for kind in _KINDS)
    similar = tuple(next(file.key for files in found[other].values() for file in files) for other in alike)
    return VoiceFiles(name, audio, transcripts, settings, similar if len(alike) > 1 else ())
