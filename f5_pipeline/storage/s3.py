"""A store in a bucket: S3 and compatible servers (Backblaze B2, R2, MinIO, …). The only importer of boto3.

botocore's own retries are off: ``retry`` decides what is repeated, ``s3_errors`` what an error means, ``s3_client`` how
the server is addressed. Large files are transferred in parts (``s3_parts``), many keys are looked up by listing
(``s3_listing``). Checksum headers are sent only where S3 requires them, because some servers reject them. Instead the
length is always verified, and the MD5 if the server's ETag is one.
"""

from __future__ import annotations

import base64
import builtins
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from f5_pipeline.errors import (
    BadSetting,
    CredentialsRefused,
    KeepsChanging,
    ObjectChanged,
    ObjectMissing,
    RequestNotAccepted,
    StoreBusy,
)
from f5_pipeline.storage.answers import is_throttled, timestamp
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.media_types import media_type
from f5_pipeline.storage.object_store import ObjectInfo, check_key, check_prefix, is_listed
from f5_pipeline.storage.parallel import PARALLEL, in_parallel
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.rate import shared_server
from f5_pipeline.storage.retry import with_retries
from f5_pipeline.storage.s3_checks import InvalidAnswer, check_listing, check_no_web_page, head
from f5_pipeline.storage.s3_client import BucketClient
from f5_pipeline.storage.s3_errors import BeyondTheEnd, ConditionFailed, translate_s3_errors
from f5_pipeline.storage.s3_failures import Request
from f5_pipeline.storage.s3_listing import Page, find_keys
from f5_pipeline.storage.s3_parts import PART_BYTES, download_rest, etags_of, upload_parts

_T = TypeVar("_T")

_MAX_HEADS = 64  # keys; up to so many HEAD requests cost no more than a listing
PAGE_SIZE = 1000  # objects; S3's own limit
_LONGEST_SHARE = 7 * 24 * 3600  # seconds; S3's own limit
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class _Body:
    """The first bytes of an object, or all, and the metadata of the whole object."""

    data: bytes
    info: ObjectInfo


class S3Store:
    """A bucket, or a prefix of it, as a store. Sends no request before the first use.

    Attributes:
        connection: the client, and what the server's answers show.
    """

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
        self._conditional_writes = True  # until the server rejects them
        self.connection = BucketClient(self._bucket)

    def __repr__(self) -> str:
        return f"S3Store({self.url!r})"

    def __reduce__(self) -> tuple[type[S3Store], tuple[str]]:
        return S3Store, (self.url,)

    @property
    def endpoint(self) -> str:
        """The server's address. Sends no request.

        Raises:
            BadSetting: ``AWS_ENDPOINT_URL`` is not a valid URL, or has credentials.
            StoreUnusable: boto3's configuration files and variables are invalid.
        """
        self._client()
        return self.connection.endpoint

    def location(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{check_key(key)}"

    def share(self, key: str, seconds: int) -> str:
        """A presigned URL. Sends no request, or one if no setting names the region and none was sent before.

        Raises:
            BadSetting: ``seconds`` is not between 1 and the seven days that S3 allows.
        """
        target = self._target(key)
        if not 1 <= seconds <= _LONGEST_SHARE:
            raise BadSetting("A presigned URL", "seconds", f"must be between 1 and {_LONGEST_SHARE} (7 days).")
        with self._translated("signing", key):
            self.connection.confirm_region()
        sign = {"Params": target, "ExpiresIn": seconds}
        with self._translated("signing", key):
            return str(self._client().generate_presigned_url("get_object", **sign))

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
                if self.stat(key) is not None:
                    return None
            except RequestNotAccepted:  # Backblaze B2: "A header you provided implies functionality that …"
                pass
            except CredentialsRefused as error:  # a proxy that removes the header, which is a part of the signature
                if error.code != "SignatureDoesNotMatch":
                    raise
        stored = self._put(key, data)
        self._conditional_writes = False
        return stored

    def stat(self, key: str) -> ObjectInfo | None:
        target = self._target(key)
        try:
            return self._request(lambda client: _info_of(key, self._head(client, target)), "looking up", key)
        except ObjectMissing:
            return None

    def _head(self, client: Any, target: dict[str, str]) -> dict[str, Any]:
        return head(client, target, trusted=self.connection.answered)

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

        def once() -> ObjectInfo:
            try:
                return self._download(key, path, etag)
            except (BeyondTheEnd, ConditionFailed):
                pass
            if etag is not None:
                raise ObjectChanged(self.location(key))
            raise KeepsChanging([self.location(key)])

        return once() if etag else with_retries(once)

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
        self._target(key)
        with translate_os_errors(path):
            size = path.stat().st_size
            if size <= PART_BYTES:
                return self._put(key, path.read_bytes())
            return with_retries(lambda: self._upload_parts(path, key, size))

    def _upload_parts(self, path: Path, key: str, size: int) -> ObjectInfo:
        answer = upload_parts(self._request, self._target(key), path, size, self.connection.encryption)
        if answer is not None:
            return _info(key, size, {"LastModified": _date_of(answer), **answer})
        stored = self.stat(key)
        if stored and stored.size == size and stored.etag in etags_of(path):
            return stored
        raise StoreBusy(self.url, f"uploading {key}", "the stored object is not the file that was sent")

    def delete(self, key: str) -> None:
        target = self._target(key)
        with suppress(ObjectMissing):
            self._request(lambda client: check_no_web_page(client.delete_object(**target)), "deleting", key)

    def unfinished_uploads(self) -> builtins.list[tuple[str, datetime]]:
        """Unfinished multipart uploads of any client: key and start time.

        Only the first 1,000. S3 does not know if their clients are alive; a lifecycle rule of the bucket removes them.
        """
        request = {"Bucket": self._bucket, "Prefix": self._prefix}

        def once(client: Any) -> builtins.list[tuple[str, datetime]]:
            uploads = check_listing(client.list_multipart_uploads(**request)).get("Uploads", [])
            return [(upload["Key"].removeprefix(self._prefix), upload["Initiated"]) for upload in uploads]

        return self._request(once, "listing unfinished uploads")

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
        target = {**self._target(key), "ContentType": media_type(key), **self.connection.encryption}
        request = {**target, "Body": data, "ContentMD5": digest, **conditions}
        sent: builtins.list[bool] = []

        def once(client: Any) -> ObjectInfo:
            sent.append(True)
            answer = client.put_object(**request)
            return _info(key, len(data), {"LastModified": _date_of(answer), **answer})

        try:
            return self._request(once, "writing", key)
        except ConditionFailed:  # perhaps because of an earlier attempt, whose response was lost
            if len(sent) > 1 and (stored := self._get(key)).data == data:
                return stored.info
            raise

    def _page(self, prefix: str, after: str = "", token: str = "") -> Page:
        """A page of up to 1,000 objects in key order, which starts after a key or at a token."""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + prefix, "MaxKeys": PAGE_SIZE}
        request |= {"StartAfter": self._prefix + after} if after else {}
        request |= {"ContinuationToken": token} if token else {}

        def once(client: Any) -> Page:
            answer = check_listing(client.list_objects_v2(**request))
            entries = answer.get("Contents", [])
            infos = [_info(entry["Key"].removeprefix(self._prefix), entry["Size"], entry) for entry in entries]
            following = answer["NextContinuationToken"] if answer.get("IsTruncated") else ""
            if following and following == token:
                raise InvalidAnswer("its list of objects does not advance")
            return Page(infos, following)

        return self._request(once, "listing", prefix)

    def _target(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def _request(self, call: Callable[[Any], _T], doing: str, key: str = "") -> _T:
        """Send a request, repeated as ``with_retries`` says, at the rate that the server allows."""
        server = shared_server(f"{self.endpoint}/{self._bucket}")

        def once() -> _T:
            server.rate.wait()
            try:
                with self._translated(f"{doing} {key}".rstrip(), key):
                    return self.connection.send(call)
            except StoreBusy as error:
                if is_throttled(error):
                    server.rate.slow_down()
                raise

        return with_retries(once, availability=server.availability)

    def _client(self) -> Any:
        with self._translated("opening the bucket"):
            return self.connection.get()

    @contextmanager
    def _translated(self, doing: str, key: str = "") -> Iterator[None]:
        """Raise botocore's errors as ours."""
        with translate_s3_errors(lambda: self._described(doing, key)):
            yield

    def _described(self, doing: str, key: str) -> Request:
        client = self.connection
        encrypted = bool(client.encryption)
        facts = (client.endpoint, client.signed_region, client.answered, encrypted, client.skew_seconds or 0.0)
        return Request(self.url, doing, f"s3://{self._bucket}/{self._prefix}{key}", *facts)


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
    sent = timestamp(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
    return datetime.fromtimestamp(time.time() if sent is None else sent, timezone.utc)
