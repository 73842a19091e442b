"""The store: a bucket's endpoint, clock and credentials; listing and writing of a bucket or a folder.

The checks run one after the other; after a failed one, the rest are skipped. The test file is removed again.
"""

from __future__ import annotations

import email.utils
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import requests

from f5_pipeline.doctor.disk import check_folder, probe_write
from f5_pipeline.doctor.finding import Finding, fail, from_error, ok, skipped, warn
from f5_pipeline.errors import AccessRefused, CredentialsMissing, F5PipelineError
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store

FOLDER_NAMES = ("store_listing", "store_write")
BUCKET_NAMES = ("store_endpoint", "store_clock", "store_credentials", *FOLDER_NAMES)
TIMEOUT_SECONDS = 90.0
_CONNECT_SECONDS, _ANSWER_SECONDS = 4.0, 6.0
_WARN_SKEW, _MAX_SKEW = 60, 900  # seconds between the clocks; S3 refuses requests beyond 15 minutes
_BAD_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}


@dataclass(frozen=True)
class EndpointState:
    """A server's response to a request without credentials. Any HTTP status means that the server answers."""

    endpoint: str
    error: str = ""  # why there was no response; "": there was one
    fix: str = ""
    skew_seconds: float | None = None  # this clock minus the server's; None: the response has no date
    web_page: bool = False  # True if the response is a web page


def probe_endpoint(endpoint: str) -> EndpointState:
    """Send one request, with a timeout of a few seconds."""
    timeout = (_CONNECT_SECONDS, _ANSWER_SECONDS)
    try:
        answer = requests.head(endpoint, timeout=timeout, allow_redirects=False, verify=_ca_bundle())
    except requests.exceptions.SSLError:
        fix = "If the server uses a private certificate authority, name its file in AWS_CA_BUNDLE."
        return EndpointState(endpoint, f"the certificate of {endpoint} is not trusted", fix)
    except requests.exceptions.Timeout:
        error = f"{endpoint} did not answer in {_ANSWER_SECONDS:.0f} s"
        return EndpointState(endpoint, error, "Check the network and the firewall.")
    except requests.exceptions.RequestException as exception:
        fix = "Check AWS_ENDPOINT_URL (name, port, https or http), and that the server runs."
        return EndpointState(endpoint, f"{endpoint} cannot be reached ({_root_cause(exception)})", fix)
    web_page = answer.ok and answer.headers.get("Content-Type", "").startswith("text/html")
    return EndpointState(endpoint, skew_seconds=_skew_seconds(answer.headers.get("Date", "")), web_page=web_page)


def _ca_bundle() -> str | bool:
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True


def _root_cause(error: BaseException) -> str:
    """The operating system's message, without the wrappers of the libraries in between."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error))[:200]


def _skew_seconds(date: str) -> float | None:
    with suppress(TypeError, ValueError):
        return (datetime.now(timezone.utc) - email.utils.parsedate_to_datetime(date)).total_seconds()
    return None


def check_endpoint(state: EndpointState) -> Finding:
    if state.error:
        return fail("store_endpoint", f"{state.error}.", state.fix)
    if state.web_page:
        fix = "If listing fails too: AWS_ENDPOINT_URL names a console or website; the S3 service has another address."
        return warn("store_endpoint", f"{state.endpoint} answers with a web page.", fix)
    return ok("store_endpoint", f"{state.endpoint} answers.")


def check_clock(state: EndpointState) -> Finding:
    name, skew = "store_clock", state.skew_seconds
    if skew is None:
        return ok(name, "The server sends no time.")
    count = round(abs(skew) / 60)
    minutes = f"{count} minute{'' if count == 1 else 's'} {'ahead of' if skew > 0 else 'behind'}"
    fix = "Set this machine's clock: timedatectl set-ntp true."
    if abs(skew) >= _MAX_SKEW:
        return fail(name, f"This machine's clock is {minutes} the server's, which refuses such requests.", fix)
    if abs(skew) >= _WARN_SKEW:
        return warn(name, f"This machine's clock is {minutes} the server's; 15 are refused.", fix)
    return ok(name, "This machine's clock agrees with the server's.")


def probe_listing(store: ObjectStore) -> F5PipelineError | None:
    """The error of listing the store; None if it can be listed."""
    try:
        next(iter(store.list()), None)
    except F5PipelineError as error:
        return error
    return None


def check_access(store: ObjectStore, error: F5PipelineError | None) -> Iterator[Finding]:
    """Findings on the credentials and on the permission to list. ``error``: from ``probe_listing``."""
    credentials, listing = BUCKET_NAMES[2:4]
    if isinstance(error, CredentialsMissing) or (isinstance(error, AccessRefused) and error.code in _BAD_CREDENTIALS):
        yield from_error(credentials, error)
        yield skipped(listing, credentials)
        return
    yield ok(credentials, "The server accepts them.")
    if isinstance(error, AccessRefused) and not error.transient:  # a transient refusal is about the clock
        fix = "Give these credentials s3:ListBucket on this bucket, or name the right one in F5_STORE."
        yield fail(listing, f"{store.url} may not be listed ({error.code or '403'}).", fix)
    else:
        yield from_error(listing, error) if error else ok(listing, f"{store.url} can be listed.")


def write_finding(store: ObjectStore) -> Finding:
    """Write a small file the way clips are written, read it back and remove it."""
    name, key, content = "store_write", f"doctor-{secrets.token_hex(8)}.txt", b"f5-pipeline doctor"
    try:
        store.create(key, content)
    except F5PipelineError as error:
        return from_error(name, error)
    try:
        stored: bytes | F5PipelineError = store.read(key)
    except F5PipelineError as error:
        stored = error
    try:
        store.delete(key)
    except F5PipelineError as error:
        fix = f"Allow s3:DeleteObject ('f5-pipeline clean' needs it), and delete {store.location(key)}."
        return warn(name, f"Files can be written but not removed. {error.reason}", fix)
    if isinstance(stored, F5PipelineError):
        return from_error(name, stored)
    if stored != content:
        fix = "Look for a cache or proxy between this machine and the server."
        return fail(name, f"{store.url} returned other bytes than were just written.", fix)
    return ok(name, f"{store.url} can be written.")


def bucket_findings(store: S3Store) -> Iterator[Finding]:
    """A finding for each of ``BUCKET_NAMES``."""
    try:
        endpoint = probe_endpoint(store.endpoint)
    except F5PipelineError as error:
        failed = BUCKET_NAMES[2] if isinstance(error, CredentialsMissing) else BUCKET_NAMES[0]
        yield from (from_error(name, error) if name == failed else skipped(name, failed) for name in BUCKET_NAMES)
        return
    yield check_endpoint(endpoint)
    if endpoint.error:
        yield from (skipped(name, BUCKET_NAMES[0]) for name in BUCKET_NAMES[1:])
        return
    yield check_clock(endpoint)
    access = list(check_access(store, probe_listing(store)))
    yield from access
    failed = next((finding.name for finding in access if finding.status != "ok"), "")
    yield skipped(BUCKET_NAMES[4], failed) if failed else write_finding(store)


def folder_findings(store: ObjectStore) -> Iterator[Finding]:
    """A finding for each of ``FOLDER_NAMES``. A folder that does not exist is not created."""
    folder, (listing, write) = Path(store.url), FOLDER_NAMES
    error = probe_listing(store)
    yield from_error(listing, error) if error else ok(listing, f"{folder} can be listed.")
    if folder.is_dir():
        yield write_finding(store)
    else:
        yield check_folder(write, folder, probe_write(folder), "F5_STORE")
