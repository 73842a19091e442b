"""Ids of utterances, as people write them and as they become file names: ``quests/intro/guard_001``.

An id can have folders. It is safe on Linux, Windows and macOS, and no file of one id is a folder of another's.
"""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.errors import UnsafeName
from f5_pipeline.storage.object_store import is_slug

MAX_ID = 200  # characters, with folders

_AUDIO_SUFFIXES = (
    *("wav", "flac", "mp3", "opus", "ogg", "m4a", "au", "ulaw", "alaw", "sln"),  # of delivered files
    *("aac", "aif", "aiff", "wma", "wem"),
)
_AUDIO_SUFFIX = re.compile(rf"(?<=[^/])\.({'|'.join(_AUDIO_SUFFIXES)})$", re.IGNORECASE)
_FILE_SUFFIX = re.compile(rf"\.({'|'.join((*_AUDIO_SUFFIXES, 'srt', 'vtt'))})$", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows, with any suffix
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def normalised_id(id: str, folder: str = "") -> str:
    """An id with slashes between its folders and without the suffix of an audio file.

    ``quests\\intro\\guard.wav`` becomes ``quests/intro/guard``: the format is a setting of the batch.
    """
    path = _AUDIO_SUFFIX.sub("", id.replace("\\", "/"))
    folder = folder.replace("\\", "/").removesuffix("/")
    return f"{folder}/{path}" if folder else path


def id_problem(id: str) -> str:
    """Why a normalised id is not safe, as a clause; "" if it is safe."""
    if "/" not in id and is_slug(id) and not _RESERVED.fullmatch(id):
        return ""  # the usual case
    if len(id) > MAX_ID:
        return f"it has {len(id)} characters, more than {MAX_ID}"
    *folders, name = id.split("/")
    problems = (*map(_part_problem, (*folders, name)), *map(_folder_problem, folders))
    return next(filter(None, problems), "")


def is_id(id: str) -> bool:
    """True if a normalised id is safe."""
    return not id_problem(id)


def check_id(id: str) -> str:
    """Return a normalised id if it is safe. Raises ``UnsafeName`` otherwise."""
    if not is_id(id):
        raise UnsafeName("id", id)
    return id


def suggested_id(id: str) -> str:
    """A safe id that resembles a normalised one; "" if nothing of it is safe."""
    plain = unicodedata.normalize("NFKD", id).encode("ascii", "ignore").decode()
    parts = [_UNSAFE.sub("_", part.strip()).lstrip(".")[:128] for part in plain.split("/")]
    parts = [f"_{part}" if _RESERVED.fullmatch(part) else part for part in parts if part]
    suggestion = "/".join([*(_FILE_SUFFIX.sub(r"_\1", part) for part in parts[:-1]), *parts[-1:]])
    return suggestion if is_id(suggestion) else ""


def _part_problem(part: str) -> str:
    if is_slug(part):
        return f"Windows reserves the name {part!r}" if _RESERVED.fullmatch(part) else ""
    if not part:
        return "a name between its slashes is empty"
    if part.startswith("."):
        return f"{part[:40]!r} begins with a dot"
    if unsafe := _UNSAFE.search(part):
        return f"{part[:40]!r} has {'a blank' if unsafe[0] == ' ' else f'the character {unsafe[0]!r}'}"
    return f"{part[:40]!r} has {len(part)} characters, more than 128"


def _folder_problem(folder: str) -> str:
    if _FILE_SUFFIX.search(folder):
        return f"the folder {folder[:40]!r} has the suffix of a file"
    return f"the folder {folder[:40]!r} ends with a dot" if folder.endswith(".") else ""
