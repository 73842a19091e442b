"""Large files to and from S3 in parts, several at once, each part tried again on its own.

What one request does when it fails is the business of the ``ask`` that the store hands in.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from f5_pipeline.errors import F5PipelineError, FileUnusable, ObjectMissing, StoreBusy
from f5_pipeline.storage.object_store import ObjectInfo

PART_BYTES = 8 << 20
_PARALLEL = 8  # parts at once, each held in memory while it is sent
_MOST_PARTS = 9_000  # S3 allows 10,000
_CHUNK = 1 << 20

_T = TypeVar("_T")
_R = TypeVar("_R")
Ask = Callable[..., Any]  # (call(client), doing, key) -> the answer, after up to three attempts


def download_rest(ask: Ask, target: dict[str, str], info: ObjectInfo, file: BinaryIO) -> None:
    """Write what follows the first ``PART_BYTES`` of an object to a file, which has the beginning already.

    Raises:
        ConditionFailed: the object is not the version of ``info`` any more.
        StoreUnusable: a part could not be had.
    """
    lock = threading.Lock()

    def fetch(start: int) -> None:
        stop = min(start + PART_BYTES, info.size)

        def once(client: Any) -> None:
            answer = client.get_object(**target, Range=f"bytes={start}-{stop - 1}", IfMatch=f'"{info.etag}"')
            position = start
            with closing(answer["Body"]) as body:
                while chunk := body.read(_CHUNK):
                    with lock:
                        file.seek(position)
                        file.write(chunk)
                    position += len(chunk)
            if position != stop:
                came = f"{position - start} bytes came instead of {stop - start}"
                raise StoreBusy(f"s3://{target['Bucket']}", f"reading {info.key}", came)

        ask(once, "reading", info.key)

    _all(fetch, range(PART_BYTES, info.size, PART_BYTES))
    file.seek(info.size)


def upload_parts(ask: Ask, target: dict[str, str], path: Path, size: int) -> str | None:
    """Send a file in parts, and give the ETag that S3 makes of them; None where the server has another way.

    Raises:
        FileUnusable: the file changed its length meanwhile.
        StoreUnusable: a part could not be sent; nothing is left in the bucket.
    """
    part_bytes = max(PART_BYTES, -(-size // _MOST_PARTS))
    doing = "uploading"
    upload = {**target, "UploadId": ask(lambda client: client.create_multipart_upload(**target), doing)["UploadId"]}

    def send(number: int) -> dict[str, Any]:
        data = _part(path, (number - 1) * part_bytes, min(part_bytes, size - (number - 1) * part_bytes))
        request = {**upload, "PartNumber": number, "Body": data}
        answer = ask(lambda client: client.upload_part(**request), doing, path.name)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    try:
        parts = {"Parts": _all(send, range(1, -(-size // part_bytes) + 1))}
        with suppress(ObjectMissing):  # the first answer was lost, and the repetition finds the upload finished
            ask(lambda client: client.complete_multipart_upload(**upload, MultipartUpload=parts), doing)
    except BaseException:
        with suppress(F5PipelineError):
            ask(lambda client: client.abort_multipart_upload(**upload), "giving up on")
        raise
    return _etag_of_parts([part["ETag"] for part in parts["Parts"]])


def _part(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(length)
    if len(data) != length:
        raise FileUnusable(str(path), "became shorter while it was uploaded.", "Try again when nobody writes to it.")
    return data


def _etag_of_parts(etags: list[str]) -> str | None:
    plain = [etag.strip('"') for etag in etags]
    if not all(re.fullmatch(r"[0-9a-f]{32}", etag) for etag in plain):
        return None
    digest = hashlib.md5(bytes.fromhex("".join(plain)), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(plain)}"


def _all(call: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """``call`` on every item, several at once; the first failure cancels what was not begun."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
