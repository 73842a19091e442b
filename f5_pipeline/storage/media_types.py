"""What a browser is told that an object is: with the wrong type it offers a page as a download."""

from __future__ import annotations

_TYPES = {
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
    """By the key's suffix."""
    return _TYPES.get(key.rpartition(".")[2].lower(), "application/octet-stream")
