"""The source of a model's file: parses the text of a catalogue entry, and derives the file's key in caches and mirrors.

Handles names only; ``files`` opens and downloads them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from f5_pipeline.storage.object_store import is_slug

#: A name on the hub: letters, digits and underscores, with single dots and dashes between them.
_HF_NAME = r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*"
_HF = re.compile(rf"hf://(?P<owner>{_HF_NAME})/(?P<repo>{_HF_NAME})(@(?P<revision>{_HF_NAME}))?/(?P<path>.+)")
_HF_LONGEST = 96  # characters of a name


@dataclass(frozen=True)
class ModelSource:
    """One parsed source."""

    kind: str  # "package" | "hf" | "s3" | "https" | "local"
    text: str  # as written in the catalogue
    place: str  # package: its name; hf: "owner/repo"; s3: the bucket; https: the host; local: ""
    path: str  # inside that place; local: the absolute path
    revision: str = ""  # hf only

    @property
    def name(self) -> str:
        """The file's own name, for messages and for upstream's loaders, which depend on the suffix."""
        return file_name(self.text)

    @property
    def remote(self) -> bool:
        """True if the file must be downloaded (and can be mirrored)."""
        return self.kind in ("hf", "s3", "https")

    @property
    def key(self) -> str:
        """The file's path below ``models/``, the same in the local cache and in a store's mirror.

        Readable if the source's own names are safe, so that a person can put files there; else a hash.
        """
        parts = [self.kind, *self.place.split("/"), *filter(None, [self.revision]), *self.path.split("/")]
        if all(is_slug(part) for part in parts):
            return "/".join(parts)
        suffix = Path(self.name).suffix
        return f"{self.kind}/{hashlib.sha256(self.text.encode()).hexdigest()}{suffix if is_slug('x' + suffix) else ''}"


def file_name(text: str) -> str:
    """The name of the file of a source, without the query of an address, which may be a token."""
    path = text.partition("?")[0] if text.startswith(("https://", "http://")) else text
    return path.rsplit("/", 1)[-1]


def parse_source(text: str, folder: Path | None = None) -> ModelSource:
    """Parse a source.

    Args:
        text: as written in the catalogue.
        folder: the folder that a relative local path starts from; default: the working folder.

    Raises:
        ValueError: the text is not a valid source; the message gives the expected form.
    """
    scheme, separator, rest = text.partition("://")
    if text.startswith("package:"):
        package, _, path = text.removeprefix("package:").partition("/")
        if not package.isidentifier():
            raise ValueError("is not of the form package:PACKAGE/PATH")
        return _checked(ModelSource("package", text, package, path))
    if not separator:
        if "\0" in text or not text:
            raise ValueError("does not name a file")
        try:
            local = (folder or Path.cwd()) / Path(text).expanduser()
        except RuntimeError:
            raise ValueError("begins with the home folder of an unknown user") from None
        return ModelSource("local", text, "", str(local.absolute()))
    if scheme == "hf":
        return _parse_hf(text)
    if scheme == "s3":
        bucket, _, key = rest.partition("/")
        if not is_slug(bucket):
            raise ValueError("is not of the form s3://BUCKET/KEY")
        return _checked(ModelSource("s3", text, bucket, key))
    if scheme in ("https", "http"):
        return _parse_url(text)
    raise ValueError(f"has the unknown scheme {scheme!r}; use package:, hf://, s3://, https:// or a path")


def _parse_hf(text: str) -> ModelSource:
    match = _HF.fullmatch(text)
    if match is None or any(len(match[name] or "") > _HF_LONGEST for name in ("owner", "repo", "revision")):
        raise ValueError(
            "is not of the form hf://OWNER/REPO@REVISION/PATH, with names of letters, digits, '.', '_', '-'"
        )
    place = f"{match['owner']}/{match['repo']}"
    return _checked(ModelSource("hf", text, place, match["path"], match["revision"] or "main"))


def _parse_url(text: str) -> ModelSource:
    try:
        url = urlsplit(text)
        valid = bool(url.hostname) and url.port != 0
    except ValueError:  # its port, or the brackets of an IPv6 address
        valid = False
    if not valid:
        raise ValueError("is not a valid web address")
    if url.username or url.password:
        raise ValueError("has a password in its address; put it into ~/.netrc instead")
    path = url.path.lstrip("/") + (f"?{url.query}" if url.query else "")
    return _checked(ModelSource("https", text, url.netloc.replace(":", "_"), path))


def _checked(source: ModelSource) -> ModelSource:
    """The source itself, if its path names a file and cannot lead outside its place.

    Raises:
        ValueError: the path is empty, names a folder, or has a part such as "..".
    """
    parts = source.path.split("/")
    if not source.place or any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
        raise ValueError("does not name a file")
    return source
