"""Media types of objects. A browser downloads a page instead of showing it if the type is wrong."""

from __future__ import annotations

_TYPES = {
    "au": "audio/basic",
    "csv": "text/csv; charset=utf-8",
    "flac": "audio/flac",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "srt": "application/x-subrip; charset=utf-8",
    "toml": "application/toml",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wav": "audio/wav",
}


def media_type(key: str) -> str:
    """The media type for a key, by its suffix."""
    return _TYPES.get(key.rpartition(".")[2].lower(), "application/octet-stream")
