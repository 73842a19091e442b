"""The voices of a store, from one listing. ``voices.prepare`` downloads, decodes and checks them."""

from __future__ import annotations

from dataclasses import dataclass

from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.voices.settings import VoiceSettings

AUDIO_FORMATS = ("wav", "flac", "mp3", "ogg", "opus", "m4a")
_MAX_AUDIO_BYTES = 200 * 2**20  # about six minutes of 96 kHz, 24-bit stereo
TRANSCRIPT_FORMATS = ("txt", "srt", "vtt")


@dataclass(frozen=True)
class VoiceFiles:
    """The files of one voice: ``voices/NAME.*``."""

    name: str
    audio: tuple[ObjectInfo, ...] = ()
    transcripts: tuple[ObjectInfo, ...] = ()
    settings: ObjectInfo | None = None

    @property
    def objects(self) -> tuple[ObjectInfo, ...]:
        """All files of a complete voice: audio, transcript, then the settings, if there are any."""
        return (*self.audio, *self.transcripts, *([self.settings] if self.settings else []))

    @property
    def problems(self) -> tuple[str, ...]:
        """Problems that the listing alone reveals."""
        found = []
        if any(file.size > _MAX_AUDIO_BYTES for file in self.audio):
            found.append(f"its recording is larger than {_MAX_AUDIO_BYTES >> 20} MiB; a few seconds are enough")
        for kind, files, formats in (
            ("audio file", self.audio, AUDIO_FORMATS),
            ("transcript", self.transcripts, TRANSCRIPT_FORMATS),
        ):
            if not files:
                alternatives = ", ".join(f".{format}" for format in formats[1:])
                found.append(f"it has no {kind}; add voices/{self.name}.{formats[0]} (or {alternatives})")
            if len(files) > 1:
                names = " and ".join(file.key for file in files)
                found.append(f"it has more than one {kind} ({names}); delete all but one")
        return tuple(found)


def list_voices(store: ObjectStore) -> dict[str, VoiceFiles]:
    """The voices of a store by name, sorted. Costs one listing and no download; ignores other files."""
    found: dict[str, VoiceFiles] = {}
    for info in store.list(layout.VOICES):
        name, _, suffix = info.key.removeprefix(layout.VOICES).rpartition(".")
        if not name or "/" in name:
            continue
        files = found.get(name, VoiceFiles(name))
        if suffix in AUDIO_FORMATS:
            found[name] = VoiceFiles(name, (*files.audio, info), files.transcripts, files.settings)
        elif suffix in TRANSCRIPT_FORMATS:
            found[name] = VoiceFiles(name, files.audio, (*files.transcripts, info), files.settings)
        elif suffix == "toml":
            found[name] = VoiceFiles(name, files.audio, files.transcripts, info)
    return dict(sorted(found.items()))


def read_voice_settings(store: ObjectStore, files: VoiceFiles) -> VoiceSettings:
    """The settings of a voice; defaults if it has no settings file.

    Raises:
        BadSetting: the file is not valid, or a key is unknown or has an impossible value.
    """
    if files.settings is None:
        return VoiceSettings()
    key = files.settings.key
    return parse_settings(VoiceSettings, store.read(key), store.location(key))
