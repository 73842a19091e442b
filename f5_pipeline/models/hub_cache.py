"""The user's Hugging Face cache, which other programs fill: a file there need not be downloaded again. Only reads it.

Its layout::

    models--OWNER--REPO/blobs/ETAG                   the content; the ETag of a large file is its sha256
    models--OWNER--REPO/refs/REVISION                the commit of a branch or tag when it was last downloaded
    models--OWNER--REPO/snapshots/COMMIT/PATH        a link to the content, or a copy of it

The cache may be deleted at any time, also while it is read.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from f5_pipeline.errors import FileUnusable
from f5_pipeline.models.source import ModelSource
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.pinned import sha256_of

_COMMIT = re.compile("[0-9a-f]{40}")


def repository_folder(cache: Path, repository: str) -> Path:
    """The folder of a repository ("owner/name"), existing or not."""
    return cache / f"models--{repository.replace('/', '--')}"


def find_pinned(source: ModelSource, sha256: str, cache: Path) -> Path | None:
    """A file with this sha256, of any revision of the source's repository. Reads the candidates."""
    for path in _candidates(source, sha256, cache):
        with suppress(FileUnusable):  # of another user, or just deleted
            if sha256_of(path) == sha256:
                return path
    return None


def find_revision(source: ModelSource, revision: str, cache: Path) -> Path | None:
    """The source's file as it is at a commit, or as it was at a branch or tag when the user last downloaded it."""
    path = snapshot_folder(repository_folder(cache, source.place), revision) / source.path
    return path if path.is_file() else None


def has_any(source: ModelSource, sha256: str | None, cache: Path) -> bool:
    """True if the cache seems to have the source's file. Reads no contents."""
    if sha256 is not None:
        return next(_candidates(source, sha256, cache), None) is not None
    return find_revision(source, source.revision, cache) is not None


def snapshot_folder(repository: Path, revision: str) -> Path:
    """The folder of a repository's files at a commit, branch or tag, existing or not."""
    commit = revision
    if not is_commit(revision):
        with suppress(OSError, UnicodeDecodeError):
            commit = (repository / "refs" / revision).read_text(encoding="utf-8").strip()
    return repository / "snapshots" / commit


def is_commit(revision: str) -> bool:
    """True if the revision can never mean other content."""
    return _COMMIT.fullmatch(revision) is not None


def take(path: Path, folder: Path) -> Path:
    """A hard link in ``folder`` to a file of the cache, or a copy where that cannot be linked.

    Raises:
        FileUnusable: the file was just deleted, or the folder cannot be written.
    """
    target = folder / f"taken-{os.getpid()}"
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(path.resolve(), target)
        except OSError:  # another file system, or another user's file
            shutil.copyfile(path, target)
    return target


def _candidates(source: ModelSource, sha256: str, cache: Path) -> Iterator[Path]:
    repository = repository_folder(cache, source.place)
    blob = repository / "blobs" / sha256
    if blob.is_file():
        yield blob
    seen = {blob.resolve()}
    with suppress(OSError):
        for snapshot in sorted((repository / "snapshots").iterdir()):
            path = snapshot / source.path
            if path.is_file() and path.resolve() not in seen and not _is_sha256(path.resolve().name):
                seen.add(path.resolve())
                yield path


def _is_sha256(name: str) -> bool:
    """True for the name of a blob that is a sha256, so that its content has no other."""
    return re.fullmatch("[0-9a-f]{64}", name) is not None
