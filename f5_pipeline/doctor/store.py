"""The store: a bucket's endpoint, clock and credentials; listing and writing of a bucket or a folder.

The checks run one after the other; after a failed one, the rest are skipped. The test file is removed again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from f5_pipeline.doctor.disk import check_folder, probe_write
from f5_pipeline.doctor.finding import Finding, fail, from_error, ok, skipped, warn
from f5_pipeline.errors import (
    AccessRefused,
    BucketMissing,
    ClockWrong,
    CredentialsMissing,
    CredentialsRefused,
    EndpointWrong,
    F5PipelineError,
    RegionWrong,
)
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from f5_pipeline.storage.s3_client import configured_region

FOLDER_NAMES = ("store_listing", "store_write")
BUCKET_NAMES = ("store_endpoint", "store_clock", "store_credentials", *FOLDER_NAMES)
TIMEOUT_SECONDS = 90.0
_WARN_SKEW, _MAX_SKEW = 60, 900  # seconds between the clocks; S3 refuses requests beyond 15 minutes


def check_endpoint(store: S3Store) -> Finding:
    """The finding on a server that has answered, with the region that requests are signed for."""
    server = store.connection
    found, region = f"{store.endpoint} answers", server.signed_region
    configured = configured_region()
    if configured and region and region != configured:
        fix = f"Set AWS_REGION={region}: each process has a request refused before it knows."
        return warn("store_endpoint", f"{found}; its region is {region}, not {configured}, as is set.", fix)
    return ok("store_endpoint", f"{found}; the region is {region}." if region else f"{found}.")


def check_clock(skew: float | None) -> Finding:
    """The finding on the clocks. ``skew``: this one minus the server's, in seconds; None: it sends no time."""
    name = "store_clock"
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


def failed_check(store: S3Store, error: F5PipelineError) -> str:
    """Which of ``BUCKET_NAMES`` the error of the first request belongs to."""
    endpoint, clock, credentials, listing, _ = BUCKET_NAMES
    if isinstance(error, (CredentialsMissing, CredentialsRefused)):
        return credentials
    if isinstance(error, ClockWrong):
        return clock
    answered = store.connection.answered or isinstance(error, (AccessRefused, BucketMissing, RegionWrong))
    return endpoint if isinstance(error, EndpointWrong) or not answered else listing


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
    """A finding for each of ``BUCKET_NAMES``, from the requests that a batch begins with."""
    error = probe_listing(store)
    failed = failed_check(store, error) if error else ""
    if error and (isinstance(error, CredentialsMissing) or failed == BUCKET_NAMES[0]):  # no server has answered
        yield from (from_error(name, error) if name == failed else skipped(name, failed) for name in BUCKET_NAMES)
        return
    yield check_endpoint(store)
    clock = check_clock(store.connection.skew_seconds)
    yield clock if failed != clock.name or error is None else from_error(clock.name, error)
    for name, text in zip(BUCKET_NAMES[2:4], ("The server accepts them.", f"{store.url} can be listed."), strict=True):
        passed = BUCKET_NAMES.index(name) < BUCKET_NAMES.index(failed) if failed else True
        if error and name == failed:
            yield from_error(name, error)
        else:
            yield ok(name, text) if passed else skipped(name, failed)
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
