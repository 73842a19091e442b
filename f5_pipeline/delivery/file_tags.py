"""The tags of a batch's delivered files: which file has which title, album, artist, track and cover.

``audio.tags`` defines tags. The audiobook's are in ``delivery.joined``, with its chapters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from f5_pipeline.audio.tags import NO_TAGS, Tags
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.storage.object_store import ObjectInfo

_WITH_COVER = ("mp3", "m4a")


@dataclass(frozen=True)
class FileTags:
    """The tags of the files of one batch."""

    album: str
    artist: str
    section_titles: Mapping[str, str]
    cover: ObjectInfo | None = None  # of joined files, if their format can have one
    enabled: bool = True

    @staticmethod
    def of(settings: BatchSettings, batch: str, cover: ObjectInfo | None) -> FileTags:
        """The tags that a batch's settings ask for.

        A WAV file has tags only if a title or an author is set: some programs take all bytes after the header for
        sound.
        """
        enabled = settings.format != "wav" or bool(settings.title or settings.author)
        cover = cover if enabled and settings.format in _WITH_COVER else None
        titles = settings.section_titles
        return FileTags(settings.title or batch, settings.author or "", titles, cover, enabled)

    def line(self, id: str) -> Tags:
        """The tags of a line's file."""
        return Tags(id, self.album, self.artist) if self.enabled else NO_TAGS

    def section(self, name: str, track: int, tracks: int) -> Tags:
        """The tags of a joined section, number ``track`` of ``tracks``, without its cover."""
        title = self.section_titles.get(name, name)
        return Tags(title, self.album, self.artist, track, tracks) if self.enabled else NO_TAGS
