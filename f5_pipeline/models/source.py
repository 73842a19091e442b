"""Where a file of a model comes from: the text of a catalogue entry, parsed, and its place in caches and mirrors.

Knows names only; what opens and downloads them is in ``files``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from f5_pipeline.storage.object_store import is_slug

_HF = re.compile(r"hf://(?P<owner>[^/@]+)/(?P<repo>[^/@]+)(@(?P<revision>[^/@]+))?/(?P<path>.+)")


@dataclass(frozen=True)
class ModelSource:
    """One parsed source. ``kind`` is "package", "hf", "s3", "https" or "local"; the other parts depend on it."""

    kind: str
    text: str  # as the catalogue has it
    place: str  # package: its name; hf: "owner/repo"; s3: the bucket; https: the host; local: ""
    path: str  # inside that place; local: the absolute path
    revision: str = ""  # hf only

    @property
    def name(self) -> str:
        """The file's own name, for messages and for upstream's loaders, which go by the suffix."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def remote(self) -> bool:
        """Whether the file has to be downloaded (and can be mirrored)."""
        return self.kind in ("hf", "s3", "https")

    @property
    def key(self) -> str:
        """The file's path below ``models/``, in this machine's cache and in a store's mirror alike.

        Readable where the source's own names are safe (so that a person can put files there), else a hash.
        """
        parts = [self.kind, *self.place.split("/"), *filter(None, [self.revision]), *self.path.split("/")]
        if all(is_slug(part) for part in parts):
            return "/".join(parts)
        suffix = Path(self.name).suffix
        return f"{self.kind}/{hashlib.sha256(self.text.encode()).hexdigest()}{suffix if is_slug('x' + suffix) else ''}"


def parse_source(text: str, folder: Path | None = None) -> ModelSource:
    """Read a source. ``folder`` is what a relative local path is relative to (default: the working folder).

    Raises:
        ValueError: the text is no source; says what one looks like.
    """
    scheme, separator, rest = text.partition("://")
    if text.startswith("package:"):
        package, _, path = text.removeprefix("package:").partition("/")
        if not package.isidentifier():
            raise ValueError("is not of the form package:PACKAGE/PATH")
        return _checked(ModelSource("package", text, package, path))
    if not separator:
        if "\0" in text or not text:
            raise ValueError("names no file")
        return ModelSource("local", text, "", str(((folder or Path.cwd()) / Path(text).expanduser()).absolute()))
    if scheme == "hf":
        return _parse_hf(text)
    if scheme == "s3":
        bucket, _, key = rest.partition("/")
        return _checked(ModelSource("s3", text, bucket, key))
    if scheme in ("https", "http"):
        url = urlsplit(text)
        if url.username or url.password:
            raise ValueError("has a password in its URL, which would end up in logs")
        path = url.path.lstrip("/") + (f"?{url.query}" if url.query else "")
        return _checked(ModelSource("https", text, url.netloc.replace(":", "_"), path))
    raise ValueError(f"has the unknown scheme {scheme!r}; use package:, hf://, s3://, https:// or a path")


def public_source(text: str) -> str:
    """A source as it may be shown: without a password or query, which may be secret."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text[:200]
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}/{rest.partition('/')[2].partition('?')[0]}"[:200]


def _parse_hf(text: str) -> ModelSource:
    match = _HF.fullmatch(text)
    if match is None:
        raise ValueError("is not of the form hf://OWNER/REPO@REVISION/PATH")
    place = f"{match['owner']}/{match['repo']}"
    return _checked(ModelSource("hf", text, place, match["path"], match["revision"] or "main"))


def _checked(source: ModelSource) -> ModelSource:
    """Refuse sources whose path could leave its place, or that name a folder."""
    parts = source.path.split("/")
    if not source.place or any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
        raise ValueError("does not name a file")
    return source
