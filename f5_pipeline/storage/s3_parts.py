"""Multipart transfers of large files to and from S3: several parts at once, each part retried on its own.

The store hands in ``request``, which sends one request and retries it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO

from f5_pipeline.errors import F5PipelineError, FileUnusable, ObjectMissing, StoreBusy
from f5_pipeline.storage.media_types import media_type
from f5_pipeline.storage.object_store import ObjectInfo
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.retry import ATTEMPTS, limited_retries
from f5_pipeline.storage.s3_errors import ConditionFailed

PART_BYTES = 8 << 20
_PARALLEL = 8  # parts at once, each held in memory while it is sent
_MOST_PARTS = 9_000  # S3 allows 10,000
_BLOCK = 1 << 20

Request = Callable[..., Any]  # (call(client), doing, key) -> the response; repeats the request


def download_rest(request: Request, target: dict[str, str], info: ObjectInfo, file: BinaryIO) -> None:
    """Download everything after the first ``PART_BYTES`` of an object into a file that has the first part.

    Raises:
        ConditionFailed: the object is no longer the version of ``info``.
        StoreUnusable: a part could not be downloaded.
    """
    lock = threading.Lock()

    def fetch(start: int) -> None:
        stop = min(start + PART_BYTES, info.size)

        def once(client: Any) -> None:
            answer = client.get_object(**target, Range=f"bytes={start}-{stop - 1}", IfMatch=f'"{info.etag}"')
            if answer["ETag"].strip('"') != info.etag:  # the server ignores the condition
                raise ConditionFailed
            position = start
            with closing(answer["Body"]) as body:
                while block := body.read(_BLOCK):
                    with lock:
                        file.seek(position)
                        file.write(block)
                    position += len(block)
            if position != stop:
                detail = f"{position - start} bytes arrived instead of {stop - start}"
                raise StoreBusy(f"s3://{target['Bucket']}", f"reading {info.key}", detail)

        request(once, "reading", info.key)

    in_parallel(fetch, range(PART_BYTES, info.size, PART_BYTES), _PARALLEL)
    file.seek(info.size)


def upload_parts(
    request: Request, target: dict[str, str], path: Path, size: int, encryption: dict[str, str]
) -> dict[str, Any] | None:
    """Upload a file in parts and return the server's last response. None if that was lost: the caller has to check.

    Raises:
        FileUnusable: the file became shorter meanwhile.
        StoreUnusable: a part could not be uploaded; nothing is left in the bucket.
    """
    part_bytes = max(PART_BYTES, -(-size // _MOST_PARTS))
    doing = "uploading"
    kind = media_type(target["Key"])
    start = {**target, "ContentType": kind, **encryption}
    upload = {**target, "UploadId": request(lambda client: client.create_multipart_upload(**start)["UploadId"], doing)}

    def send(number: int) -> dict[str, Any]:
        data = _part(path, (number - 1) * part_bytes, min(part_bytes, size - (number - 1) * part_bytes))
        part = {**upload, "PartNumber": number, "Body": data}
        etag = request(lambda client: client.upload_part(**part)["ETag"], doing, path.name)
        return {"PartNumber": number, "ETag": etag}

    def complete(client: Any) -> dict[str, Any]:
        answer = client.complete_multipart_upload(**upload, MultipartUpload=parts)
        return {**answer, "ETag": answer["ETag"]}  # raises for an answer without one

    try:
        parts = {"Parts": in_parallel(send, range(1, -(-size // part_bytes) + 1), _PARALLEL)}
        return dict(request(complete, doing))
    except ObjectMissing:  # the last response was lost, and its repetition finds no unfinished upload
        return None
    except BaseException as error:
        in_vain = isinstance(error, F5PipelineError) and error.is_exhausted
        with suppress(F5PipelineError), limited_retries(0, attempts=1 if in_vain else ATTEMPTS):
            request(lambda client: client.abort_multipart_upload(**upload), "aborting an upload")
        raise


def etags_of(path: Path) -> set[str]:
    """The ETags that servers give a multipart upload: S3's own form, and the MD5 of the whole file."""
    part_bytes = max(PART_BYTES, -(-path.stat().st_size // _MOST_PARTS))
    whole, parts = hashlib.md5(usedforsecurity=False), []
    with path.open("rb") as file:
        while part := file.read(part_bytes):
            whole.update(part)
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    of_parts = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return {whole.hexdigest(), f"{of_parts}-{len(parts)}"}


def _part(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(length)
    if len(data) != length:
        raise FileUnusable(str(path), "became shorter while it was uploaded.", "Try again when nothing writes to it.")
    return data
