"""Downloads from the Hugging Face hub or a mirror of it, by plain GET requests of ``ENDPOINT/OWNER/REPO/resolve/…``.

Nothing else of the hub is needed: no HEAD, no API, no Xet storage, no ``X-Repo-Commit``, so that simple mirrors and
proxies work. ``storage.http`` resumes the downloads and obeys the policy of ``storage.web_route``; the first address is
that of the hub. Files that are in the user's Hugging Face cache (``hub_cache``) are not downloaded.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from f5_pipeline.errors import AnswerRefused, DownloadFailed, DownloadRefused, FileUnusable
from f5_pipeline.models.hub_cache import find_pinned, find_revision, is_commit, take
from f5_pipeline.models.source import ModelSource
from f5_pipeline.settings.hub import HubSettings, hub_settings
from f5_pipeline.storage.answers import retry_after
from f5_pipeline.storage.http import LARGEST, download
from f5_pipeline.storage.retry import limited_retries, with_retries
from f5_pipeline.storage.web_request import request

_log = logging.getLogger(__name__)


def take_from_cache(source: ModelSource, folder: Path, sha256: str | None) -> Path | None:
    """A link or copy in ``folder`` of a file that the user's cache surely has: by its sha256, else by its commit.

    Raises:
        BadSetting: a variable of the hub has an impossible value.
    """
    cache = hub_settings().cache
    with suppress(FileUnusable):  # just deleted, or no space for a copy: the download tells
        if sha256 is not None:
            path = find_pinned(source, sha256, cache)
        else:
            path = find_revision(source, source.revision, cache) if is_commit(source.revision) else None
        return None if path is None else take(path, folder)
    return None


def download_from_hub(source: ModelSource, folder: Path, *, pinned: bool, limit: int = LARGEST) -> tuple[Path, int]:
    """Fetch a file into ``folder``, resuming an interrupted download. Returns its path and the bytes downloaded.

    A file of a branch or tag whose sha256 is not known is taken from the user's cache if the hub names the commit of
    that copy, or cannot be reached.

    Args:
        source: a file of a repository.
        folder: where the file is put.
        pinned: the sha256 of the file is known.
        limit: the most bytes that the file may have.

    Raises:
        DownloadFailed: the hub cannot be reached, stays busy, or has no such file for this user.
        DownloadRefused: the hub, or an address that it redirects to, is not allowed.
        FileUnusable: the disk is full, or the folder cannot be written.
        BadSetting: a variable of the hub has an impossible value.
    """
    hub = hub_settings()
    if not pinned and (copy := _current_copy(hub, source)) is not None:
        return take(copy, folder), 0
    _check_online(hub, source)
    try:
        done = download(_url(hub, source), folder, pinned=pinned, limit=limit, token=hub.token)
    except DownloadFailed as error:
        raise _explained(error, hub, source) from error
    return done.path, done.bytes_received


def check_access(source: ModelSource, *, pinned: bool) -> None:
    """Request one byte of a file, as a download would.

    Raises:
        DownloadFailed, DownloadRefused, BadSetting: as ``download_from_hub``.
    """
    hub = hub_settings()
    _check_online(hub, source)
    _ask_commit(hub, source, pinned)


def _current_copy(hub: HubSettings, source: ModelSource) -> Path | None:
    """The copy in the user's cache of a branch's or tag's present state; of its last known one without a hub."""
    last = find_revision(source, source.revision, hub.cache)
    if last is None:
        return None
    try:
        _check_online(hub, source)
        with limited_retries(0):  # there is a copy: an outage is not worth waiting for
            commit = _ask_commit(hub, source, pinned=False)
    except DownloadFailed as error:
        if isinstance(error, DownloadRefused) or not (error.transient or hub.offline):
            raise
        _log.warning("Using the copy of %s in %s, which may be old. %s", source.text, hub.cache, error)
        return last
    return find_revision(source, commit, hub.cache) if commit else None


def _ask_commit(hub: HubSettings, source: ModelSource, pinned: bool) -> str:
    """The commit that the source's revision means now; "" if the server does not name it."""

    def once() -> str:
        with request(_url(hub, source), {"Range": "bytes=0-0"}, pinned, hub.token) as response:
            named = (each.headers.get("X-Repo-Commit", "") for each in (*response.history, response))
            return next(filter(is_commit, named), "")

    try:
        return with_retries(once)
    except DownloadFailed as error:
        raise _explained(error, hub, source) from error


def _url(hub: HubSettings, source: ModelSource) -> str:
    return f"{hub.endpoint}/{source.place}/resolve/{quote(source.revision, safe='')}/{quote(source.path)}"


def _check_online(hub: HubSettings, source: ModelSource) -> None:
    if hub.offline:
        raise DownloadFailed(source.text, "HF_HUB_OFFLINE is set", fix="Unset it to download from the hub.")


def _explained(error: DownloadFailed, hub: HubSettings, source: ModelSource) -> DownloadFailed:
    """The error in the words of the hub: what to do about its answer."""
    if isinstance(error, DownloadRefused):
        return error
    if not isinstance(error, AnswerRefused):
        reason = f"the hub {hub.endpoint} cannot be reached, or does not send the file ({error.cause})"
        fix = "Check the network; HF_ENDPOINT names a mirror of the hub." if error.transient else ""
    elif error.is_elsewhere:
        reason, fix = error.cause, "Check that this machine has access to that server."
    else:
        reason, fix = _answer(error, hub, source)
    explained = DownloadFailed(source.text, reason, transient=error.transient, fix=fix)
    if error.attempts:
        explained.note_attempts(error.attempts, error.seconds)
    return explained


def _answer(error: AnswerRefused, hub: HubSettings, source: ModelSource) -> tuple[str, str]:
    """The reason and the fix for a bad status of the hub."""
    answered = f"the hub answered {error.status}"
    page = f"{hub.endpoint}/{source.place}"
    if error.code == "GatedRepo":
        account = "the account of HF_TOKEN" if hub.token else "an account"
        fix = f"Ask for access at {page} with {account}" + ("." if hub.token else ", then set HF_TOKEN to its token.")
        return f"{answered}: the repository is gated, and its owner has not granted access", fix
    if error.code == "DisabledRepo":
        return f"{answered}: the repository is disabled", f"See {page}."
    if error.status in (401, 403):
        fix = "Check HF_TOKEN: it may be wrong, expired, or without access." if hub.token else "Log in with HF_TOKEN."
        return f"{answered}: the repository is private, gated or absent, or the token is not valid", fix
    if error.status == 404:
        return _absent(error.code, hub, source), f"Check the name; see {page}."
    if error.status == 429:
        wait = f", and asks to wait {seconds:.0f} s" if (seconds := retry_after(error)) else ""
        fix = "Try again later." if hub.token else "Try again later, or set HF_TOKEN: the hub allows its owner more."
        return f"{answered} (too many requests){wait}", fix
    return f"{answered}", ""


def _absent(code: str, hub: HubSettings, source: ModelSource) -> str:
    if code == "EntryNotFound":
        return f"{source.place} has no file {source.path} at the revision {source.revision}"
    if code == "RevisionNotFound":
        return f"{source.place} has no revision {source.revision}"
    unless = "" if hub.token else ", unless it is private: then set HF_TOKEN"
    return f"the hub {hub.endpoint} has no such repository, revision or file{unless}"
