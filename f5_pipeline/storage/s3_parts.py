"""Large files to and from S3 in parts, several at once, each part tried again on its own.

What one request does when it fails is the business of the ``ask`` that the store hands in.
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
from f5_pipeline.storage.s3_errors import ConditionFailed

PART_BYTES = 8 << 20
_PARALLEL = 8  # parts at once, each held in memory while it is sent
_MOST_PARTS = 9_000  # S3 allows 10,000
_CHUNK = 1 << 20

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
            if answer["ETag"].strip('"') != info.etag:  # a server that ignores the condition
                raise ConditionFailed
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

    in_parallel(fetch, range(PART_BYTES, info.size, PART_BYTES), _PARALLEL)
    file.seek(info.size)


def upload_parts(ask: Ask, target: dict[str, str], path: Path, size: int) -> dict[str, Any] | None:
    """Send a file in parts; the server's last answer. None: it never said that it has finished, so look.

    Raises:
        FileUnusable: the file changed its length meanwhile.
        StoreUnusable: a part could not be sent; nothing is left in the bucket.
    """
    part_bytes = max(PART_BYTES, -(-size // _MOST_PARTS))
    doing = "uploading"
    kind = media_type(target["Key"])
    begun = ask(lambda client: client.create_multipart_upload(**target, ContentType=kind), doing)
    upload = {**target, "UploadId": begun["UploadId"]}

    def send(number: int) -> dict[str, Any]:
        data = _part(path, (number - 1) * part_bytes, min(part_bytes, size - (number - 1) * part_bytes))
        request = {**upload, "PartNumber": number, "Body": data}
        answer = ask(lambda client: client.upload_part(**request), doing, path.name)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    try:
        parts = {"Parts": in_parallel(send, range(1, -(-size // part_bytes) + 1), _PARALLEL)}
        return dict(ask(lambda client: client.complete_multipart_upload(**upload, MultipartUpload=parts), doing))
    except ObjectMissing:  # the answer to the last request was lost, and its repetition finds no upload any more
        return None
    except BaseException:
        with suppress(F5PipelineError):
            ask(lambda client: client.abort_multipart_upload(**upload), "giving up on")
        raise


def etags_of(path: Path) -> set[str]:
    """The ETags that servers give a file that came in parts: S3's own way, and the MD5 of the whole."""
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
        raise FileUnusable(str(path), "became shorter while it was uploaded.", "Try again when nobody writes to it.")
    return data
