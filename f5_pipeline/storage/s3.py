"""A store in a bucket: S3 and compatible servers (Backblaze B2, R2, MinIO, …). The only importer of boto3.

botocore's own retries are off: ``retry`` decides what is repeated, ``s3_errors`` what an error means. Large files are
transferred in parts (``s3_parts``), many keys are looked up by listing (``s3_listing``). Checksum headers are sent only
where S3 requires them, because some servers reject them. Instead the length is always verified, and the MD5 if the
server's ETag is one.
"""

from __future__ import annotations

import base64
import builtins
import email.utils
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from f5_pipeline.errors import BadSetting, KeepsChanging, ObjectChanged, ObjectMissing, RequestNotAccepted, StoreBusy
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.media_types import media_type
from f5_pipeline.storage.object_store import ObjectInfo, check_key, check_prefix, is_listed
from f5_pipeline.storage.parallel import PARALLEL, in_parallel
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.retry import ATTEMPTS, with_retries
from f5_pipeline.storage.s3_errors import BeyondTheEnd, ConditionFailed, now, translate_s3_errors
from f5_pipeline.storage.s3_listing import Page, find_keys
from f5_pipeline.storage.s3_parts import PART_BYTES, download_rest, etags_of, upload_parts

_T = TypeVar("_T")

_MAX_HEADS = 64  # keys; up to so many HEAD requests cost no more than a listing
CONNECT_TIMEOUT, READ_TIMEOUT = 10, 60  # seconds
PAGE_SIZE = 1000  # objects; S3's own limit
_LONGEST_SHARE = 7 * 24 * 3600  # seconds; S3's own limit
_MD5 = re.compile(r"[0-9a-f]{32}")
#: The region in the name of an endpoint: s3.us-west-004.backblazeb2.com, s3.eu-central-2.wasabisys.com, …
_REGION_IN_HOST = re.compile(r"s3[.-](?P<region>[a-z]+-[a-z0-9-]+)\.")


@dataclass(frozen=True)
class _Body:
    """The first bytes of an object, or all, and the metadata of the whole object."""

    data: bytes
    info: ObjectInfo


class S3Store:
    """A bucket, or a prefix of it, as a store. Sends no request before the first use."""

    def __init__(self, url: str) -> None:
        """
        Args:
            url: ``s3://bucket`` or ``s3://bucket/prefix``.

        Raises:
            BadSetting: the URL has no valid bucket name, or an invalid prefix.
        """
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        wrong = parts.query or parts.fragment or not re.fullmatch(r"[^\x00-\x1f]{0,500}", prefix)
        if wrong or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", parts.netloc):
            raise BadSetting("Environment", "F5_STORE", f"must be s3://bucket/prefix (it is {url!r}).")
        self._bucket, self._prefix = parts.netloc, f"{prefix}/" if prefix else ""
        self.url = f"s3://{self._bucket}/{prefix}".rstrip("/")
        self._lock = threading.Lock()
        self._conditional_writes = True  # until the server rejects them
        self._clients: dict[int, Any] = {}  # by process id: a forked child must not share its parent's connections

    def __repr__(self) -> str:
        return f"S3Store({self.url!r})"

    def __reduce__(self) -> tuple[type[S3Store], tuple[str]]:
        return S3Store, (self.url,)

    @property
    def endpoint(self) -> str:
        """The server's address, without credentials. Sends no request.

        Raises:
            BadSetting: ``AWS_ENDPOINT_URL`` is not a valid URL.
            StoreUnusable: boto3's configuration files and variables are invalid.
        """
        return _without_credentials(self._client().meta.endpoint_url)

    def location(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{check_key(key)}"

    def share(self, key: str, seconds: int) -> str:
        """A presigned URL. Sends no request.

        Raises:
            BadSetting: ``seconds`` is not between 1 and the seven days that S3 allows.
        """
        target = self._target(key)
        if not 1 <= seconds <= _LONGEST_SHARE:
            raise BadSetting("A presigned URL", "seconds", f"must be between 1 and {_LONGEST_SHARE} (7 days).")
        sign = {"Params": target, "ExpiresIn": seconds}
        return str(self._request(lambda client: client.generate_presigned_url("get_object", **sign), "signing", key))

    def read(self, key: str, first: int | None = None) -> bytes:
        return self._get(key, first).data

    def write(self, key: str, data: bytes) -> ObjectInfo:
        return self._put(key, data)

    def create(self, key: str, data: bytes) -> ObjectInfo | None:
        if self.stat(key) is not None:  # some servers ignore the condition, or reject it
            return None
        if self._conditional_writes:
            try:
                return self._put(key, data, IfNoneMatch="*")
            except ConditionFailed:
                return None
            except RequestNotAccepted:  # Backblaze B2: "A header you provided implies functionality that …"
                pass
        stored = self._put(key, data)
        self._conditional_writes = False
        return stored

    def stat(self, key: str) -> ObjectInfo | None:
        target = self._target(key)
        try:
            answer = self._request(lambda client: client.head_object(**target), "looking up", key)
        except ObjectMissing:
            return None
        return _info(key, answer["ContentLength"], answer)

    def stat_many(self, keys: Iterable[str]) -> dict[str, ObjectInfo]:
        """One HEAD per key for a few keys; for many, listings that skip from one wanted key to the next."""
        wanted = sorted({check_key(key) for key in keys})
        if len(wanted) <= _MAX_HEADS:
            return {info.key: info for info in in_parallel(self.stat, wanted) if info}
        step = len(wanted) // PARALLEL + 1
        slices = [wanted[start : start + step] for start in range(0, len(wanted), step)]
        found = in_parallel(lambda keys: [*find_keys(self._page, keys)], slices)
        return {info.key: info for infos in found for info in infos}

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        return self._list(prefix)

    def _list(self, prefix: str) -> Iterator[ObjectInfo]:
        page = self._page(prefix)
        while True:
            yield from (info for info in page.infos if is_listed(info.key, f"{self.url}/{info.key}"))
            if not page.token:
                return
            page = self._page(prefix, token=page.token)

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        """One GET for up to 8 MiB; a larger object in parts of one version, several at once."""
        for _ in range(ATTEMPTS):
            try:
                return self._download(key, path, etag)
            except (BeyondTheEnd, ConditionFailed):
                if etag is not None:
                    raise ObjectChanged(self.location(key)) from None
        raise KeepsChanging([self.location(key)])

    def _download(self, key: str, path: Path, etag: str | None) -> ObjectInfo:
        start = self._get(key, PART_BYTES, etag)
        if etag not in (None, start.info.etag):  # the server ignores the condition
            raise ConditionFailed
        with translate_os_errors(path), atomic_write(path, flush=False) as file:
            file.write(start.data)
            if len(start.data) < start.info.size:
                download_rest(self._request, self._target(key), start.info, file)
        return start.info

    def upload(self, path: Path, key: str) -> ObjectInfo:
        target = self._target(key)
        with translate_os_errors(path):
            size = path.stat().st_size
            if size <= PART_BYTES:
                return self._put(key, path.read_bytes())
            answer = upload_parts(self._request, target, path, size)
            if answer is not None:
                return _info(key, size, {"LastModified": _date_of(answer), **answer})
            stored = self.stat(key)
            if stored and stored.size == size and stored.etag in etags_of(path):
                return stored
        raise StoreBusy(self.url, f"uploading {key}", "the stored object is not the file that was sent")

    def delete(self, key: str) -> None:
        target = self._target(key)
        with suppress(ObjectMissing):
            self._request(lambda client: client.delete_object(**target), "deleting", key)

    def unfinished_uploads(self) -> builtins.list[tuple[str, datetime]]:
        """Unfinished multipart uploads of any client: key and start time.

        Only the first 1,000. S3 does not know if their clients are alive; a lifecycle rule of the bucket removes them.
        """
        request = {"Bucket": self._bucket, "Prefix": self._prefix}
        answer = self._request(lambda client: client.list_multipart_uploads(**request), "listing unfinished uploads")
        uploads = answer.get("Uploads", [])
        return [(upload["Key"].removeprefix(self._prefix), upload["Initiated"]) for upload in uploads]

    def _get(self, key: str, first: int | None = None, etag: str | None = None) -> _Body:
        """The first bytes of an object, or all; of any version, or of this one. Verified, in one request."""
        request = self._target(key)
        request |= {"Range": f"bytes=0-{first - 1}"} if first else {}
        request |= {"IfMatch": f'"{etag}"'} if etag else {}
        seen = {""}  # a wrong MD5 that is the same twice means that the ETag only looks like an MD5

        def once(client: Any) -> _Body:
            answer = client.get_object(**request)
            with closing(answer["Body"]) as stream:
                body = _Body(stream.read(), _info_of(key, answer))
            if (wrong_md5 := _wrong_md5(answer, body)) not in seen:
                seen.add(wrong_md5)
                raise StoreBusy(self.url, f"reading {key}", "the content was damaged on the way")
            return body

        try:
            return self._request(once, "reading", key)
        except BeyondTheEnd:  # the object is empty
            return self._get(key, None, etag)

    def _put(self, key: str, data: bytes, **conditions: str) -> ObjectInfo:
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        target = {**self._target(key), "ContentType": media_type(key)}
        request = {**target, "Body": data, "ContentMD5": digest, **conditions}
        answer = self._request(lambda client: client.put_object(**request), "writing", key)
        return _info(key, len(data), {"LastModified": _date_of(answer), **answer})

    def _page(self, prefix: str, after: str = "", token: str = "") -> Page:
        """A page of up to 1,000 objects in key order, which starts after a key or at a token."""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + prefix, "MaxKeys": PAGE_SIZE}
        request |= {"StartAfter": self._prefix + after} if after else {}
        request |= {"ContinuationToken": token} if token else {}
        answer = self._request(lambda client: client.list_objects_v2(**request), "listing", prefix)
        infos = [
            _info(entry["Key"].removeprefix(self._prefix), entry["Size"], entry) for entry in answer.get("Contents", [])
        ]
        return Page(infos, answer.get("NextContinuationToken", "") if answer.get("IsTruncated") else "")

    def _target(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def _request(self, call: Callable[[Any], _T], doing: str, key: str = "") -> _T:
        """Send a request, up to three times."""
        client, endpoint = self._client(), self.endpoint
        location = f"s3://{self._bucket}/{self._prefix}{key}"

        def once() -> _T:
            with translate_s3_errors(self.url, f"{doing} {key}".rstrip(), location, endpoint):
                return call(client)

        return with_retries(once)

    def _client(self) -> Any:
        with self._lock:
            client = self._clients.get(os.getpid())
            if client is None:
                with translate_s3_errors(self.url, "opening the bucket", self.url, "AWS_ENDPOINT_URL"):
                    client = _make_client()
                self._clients = {os.getpid(): client}
            return client


def _make_client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=2 * PARALLEL,
        tcp_keepalive=True,
    )
    session = boto3.session.Session()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        return session.client("s3", config=config, region_name=session.region_name or region_of(endpoint))
    except ValueError as error:
        raise BadSetting("Environment", "AWS_ENDPOINT_URL", f"{error}.") from None


def region_of(endpoint: str) -> str:
    """The default region for signatures: the one in the endpoint's name, else S3's default."""
    host = urlsplit(endpoint).hostname or ""
    if host.endswith(".r2.cloudflarestorage.com"):
        return "auto"
    found = _REGION_IN_HOST.match(host)
    return found["region"] if found else "us-east-1"


def _without_credentials(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _info(key: str, size: int, answer: dict[str, Any]) -> ObjectInfo:
    """Servers differ in quoting ETags and in the precision of times."""
    modified = answer["LastModified"].astimezone(timezone.utc).replace(microsecond=0)
    return ObjectInfo(key, size, answer["ETag"].strip('"'), modified)


def _info_of(key: str, answer: dict[str, Any]) -> ObjectInfo:
    """The metadata of the whole object, from the response to a GET of all or part of it."""
    total = answer.get("ContentRange", "").rpartition("/")[2]
    size = int(total) if total.isdigit() else int(answer["ContentLength"])
    return _info(key, size, answer)


def _wrong_md5(answer: dict[str, Any], body: _Body) -> str:
    """The MD5 of a complete body if it differs from its ETag; "" if it matches or the ETag is not an MD5."""
    expected = _MD5.fullmatch(body.info.etag)
    encrypted = "kms" in answer.get("ServerSideEncryption", "") or "SSECustomerAlgorithm" in answer
    if expected is None or encrypted or len(body.data) != body.info.size:
        return ""
    found = hashlib.md5(body.data, usedforsecurity=False).hexdigest()
    return "" if found == body.info.etag else found


def _date_of(answer: dict[str, Any]) -> datetime:
    """The server's time, or this machine's if the response has none."""
    with suppress(KeyError, TypeError, ValueError):
        return email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return now()
