"""Whether the store answers, at the right time, to these credentials, and can be listed and written.

One thing after another: what is behind a failure is not looked at. What is written is removed again.
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

from f5_pipeline.doctor.disk import judge_folder, see_writing
from f5_pipeline.doctor.finding import Finding, fail, of_error, ok, skipped, warn
from f5_pipeline.errors import AccessRefused, CredentialsMissing, F5PipelineError
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store

FOLDER_NAMES = ("store_listing", "store_write")
BUCKET_NAMES = ("store_endpoint", "store_clock", "store_credentials", *FOLDER_NAMES)
SECONDS = 90.0
_CONNECT, _ANSWER = 4.0, 6.0  # seconds
_NOTICED, _REFUSED = 60, 900  # seconds that the clocks may differ: S3 refuses a quarter of an hour
_BAD_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}


@dataclass(frozen=True)
class Answer:
    """What a server said to a request without credentials: any answer will do, but none will not."""

    endpoint: str
    trouble: str = ""  # why there was none; "": there was one
    fix: str = ""
    skew: float | None = None  # seconds that this clock is ahead of the server's; None: it gave no time
    web_page: bool = False  # whether the answer is one for people


def see_answer(endpoint: str) -> Answer:
    """Ask once, for seconds at most."""
    try:
        answer = requests.head(endpoint, timeout=(_CONNECT, _ANSWER), allow_redirects=False, verify=_authorities())
    except requests.exceptions.SSLError:
        fix = "If the server has a certificate of its own, name its authority in AWS_CA_BUNDLE."
        return Answer(endpoint, f"the certificate of {endpoint} is not trusted", fix)
    except requests.exceptions.Timeout:
        return Answer(endpoint, f"{endpoint} did not answer in {_ANSWER:.0f} s", "Check the network and firewall.")
    except requests.exceptions.RequestException as error:
        fix = "Check AWS_ENDPOINT_URL (name, port, https or http), and that the server runs."
        return Answer(endpoint, f"{endpoint} cannot be reached ({_last_cause(error)})", fix)
    web_page = answer.ok and answer.headers.get("Content-Type", "").startswith("text/html")
    return Answer(endpoint, skew=_skew(answer.headers.get("Date", "")), web_page=web_page)


def _authorities() -> str | bool:
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True


def _last_cause(error: BaseException) -> str:
    """The system's own words, without those of the libraries between it and us."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error))[:200]


def _skew(date: str) -> float | None:
    with suppress(TypeError, ValueError):
        return (datetime.now(timezone.utc) - email.utils.parsedate_to_datetime(date)).total_seconds()
    return None


def judge_endpoint(answer: Answer) -> Finding:
    if answer.trouble:
        return fail("store_endpoint", f"{answer.trouble}.", answer.fix)
    if answer.web_page:
        fix = "If listing fails too: AWS_ENDPOINT_URL is that of a console or website; the S3 service has another."
        return warn("store_endpoint", f"{answer.endpoint} answers with a web page.", fix)
    return ok("store_endpoint", f"{answer.endpoint} answers.")


def judge_clock(answer: Answer) -> Finding:
    name, skew = "store_clock", answer.skew
    if skew is None:
        return ok(name, "The server does not say what time it is.")
    minutes = f"{abs(skew) / 60:.0f} minutes {'ahead of' if skew > 0 else 'behind'}"
    fix = "Set this machine's clock: timedatectl set-ntp true."
    if abs(skew) >= _REFUSED:
        return fail(name, f"This machine's clock is {minutes} the server's, which refuses that.", fix)
    if abs(skew) >= _NOTICED:
        return warn(name, f"This machine's clock is {minutes} the server's; 15 are refused.", fix)
    return ok(name, "This machine's clock agrees with the server's.")


def judge_access(store: ObjectStore, error: F5PipelineError | None) -> Iterator[Finding]:
    """What a listing with credentials came to: these are about the credentials, and about the bucket and the right."""
    credentials, listing = BUCKET_NAMES[2:4]
    if isinstance(error, CredentialsMissing) or (isinstance(error, AccessRefused) and error.code in _BAD_CREDENTIALS):
        yield of_error(credentials, error)
        yield skipped(listing, credentials)
        return
    yield ok(credentials, "The server knows them.")
    if isinstance(error, AccessRefused) and not error.transient:  # else it is the clock
        fix = "Give these credentials s3:ListBucket on this bucket, or name the right one in F5_STORE."
        yield fail(listing, f"{store.url} may not be listed ({error.code or '403'}).", fix)
    else:
        yield of_error(listing, error) if error else ok(listing, f"{store.url} can be listed.")


def see_listing(store: ObjectStore) -> F5PipelineError | None:
    """What the store says to a listing, if it refuses."""
    try:
        next(iter(store.list()), None)
    except F5PipelineError as error:
        return error
    return None


def look_at_writing(store: ObjectStore) -> Finding:
    """Write a few bytes as clips are written, read them, remove them."""
    name, key = "store_write", f"doctor-{secrets.token_hex(8)}.txt"
    try:
        store.create(key, b"f5-pipeline doctor")
    except F5PipelineError as error:
        return of_error(name, error)
    trouble = None
    try:
        same = store.read(key) == b"f5-pipeline doctor"
    except F5PipelineError as error:
        same, trouble = False, error
    try:
        store.delete(key)
    except F5PipelineError as error:
        fix = f"Allow s3:DeleteObject ('f5-pipeline clean' needs it), and delete {store.location(key)}."
        return warn(name, f"Files can be written and not removed. {error.reason}", fix)
    if trouble is not None:
        return of_error(name, trouble)
    return ok(name, f"{store.url} can be written.") if same else _not_the_same(store)


def _not_the_same(store: ObjectStore) -> Finding:
    fix = "Look for a cache or proxy between this machine and the server."
    return fail("store_write", f"{store.url} gave back something else than was just written.", fix)


def look_at_bucket(store: S3Store) -> Iterator[Finding]:
    """A finding for each of ``BUCKET_NAMES``."""
    try:
        answer = see_answer(store.endpoint)
    except F5PipelineError as error:
        culprit = BUCKET_NAMES[2] if isinstance(error, CredentialsMissing) else BUCKET_NAMES[0]
        yield from (of_error(name, error) if name == culprit else skipped(name, culprit) for name in BUCKET_NAMES)
        return
    yield judge_endpoint(answer)
    if answer.trouble:
        yield from (skipped(name, BUCKET_NAMES[0]) for name in BUCKET_NAMES[1:])
        return
    yield judge_clock(answer)
    access = list(judge_access(store, see_listing(store)))
    yield from access
    broken = next((finding.name for finding in access if finding.status != "ok"), None)
    yield skipped(BUCKET_NAMES[4], broken) if broken else look_at_writing(store)


def look_at_folder(store: ObjectStore) -> Iterator[Finding]:
    """A finding for each of ``FOLDER_NAMES``. A folder that is not there yet is not made."""
    folder, (listing, write) = Path(store.url), FOLDER_NAMES
    error = see_listing(store)
    yield of_error(listing, error) if error else ok(listing, f"{folder} can be listed.")
    if folder.is_dir():
        yield look_at_writing(store)
    else:
        yield judge_folder(write, folder, see_writing(folder), "F5_STORE")
