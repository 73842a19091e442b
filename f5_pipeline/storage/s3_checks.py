"""Requests whose answers have to be checked: of what is no answer of S3, botocore makes an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from f5_pipeline.storage.retry import is_transient_status
from f5_pipeline.storage.s3_answers import status_in


class InvalidAnswer(ValueError):
    """A response that no S3 server sends. The message describes the response."""


def check_listing(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the response if it is a list: of any other document, botocore makes an empty one.

    Raises:
        InvalidAnswer: it is not a list.
    """
    if not {"Name", "Bucket", "IsTruncated", "MaxKeys", "MaxUploads"} & answer.keys():
        raise InvalidAnswer("its answer is not a list of objects")
    return answer


def check_no_web_page(answer: dict[str, Any]) -> None:
    """Check the response to a request that is answered without content.

    Raises:
        InvalidAnswer: it is a web page, as a network sends that asks for a login first.
    """
    status, headers = answer["ResponseMetadata"]["HTTPStatusCode"], answer["ResponseMetadata"]["HTTPHeaders"]
    if status == 200 and headers.get("content-type", "").startswith("text/html"):
        raise InvalidAnswer("its answer is a web page")


def head(client: Any, target: Mapping[str, str], *, trusted: bool) -> dict[str, Any]:
    """The metadata of an object. A refused HEAD has no body: a GET of one byte is sent, whose answer has the reason.

    Args:
        client: boto3's.
        target: bucket and key.
        trusted: True if a 404 means that the object is missing: the server has answered as an S3 server does before.
    """
    from botocore.exceptions import ClientError

    try:
        return dict(client.head_object(**target))
    except ClientError as error:
        status = status_in(error.response)
        if status in (412, 416) or is_transient_status(status) or (status == 404 and trusted):
            raise
    try:
        answer = client.get_object(**target, Range="bytes=0-0")
    except ClientError as error:
        if status_in(error.response) != 416:
            raise
        answer = client.get_object(**target)  # the object is empty
    answer["Body"].close()
    return dict(answer)
