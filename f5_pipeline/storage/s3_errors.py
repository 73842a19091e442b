"""botocore's errors as ours, by operation and code: a status alone says too little. ``retry`` says what is transient.

A response without S3's code is no answer of an S3 server, unless it had no body (to a HEAD). ``head`` asks again then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from f5_pipeline.errors import (
    AccessRefused,
    BucketMissing,
    ClockWrong,
    CredentialsRefused,
    EndpointWrong,
    F5PipelineError,
    ObjectMissing,
    RegionWrong,
    RequestNotAccepted,
    SignInExpired,
    StoreBusy,
)
from f5_pipeline.storage.retry import is_transient_status
from f5_pipeline.storage.s3_answers import (
    EXPIRED,
    WANTS_VIRTUAL_HOSTED,
    WRONG_REGION,
    code_in,
    is_web_page,
    media_type_in,
    message_in,
    region_in,
    shortened,
    status_in,
)
from f5_pipeline.storage.s3_client import Redirected
from f5_pipeline.storage.s3_failures import (
    Request,
    from_failure,
    from_invalid,
    from_redirect,
    https_wanted,
    should_be_https,
)

_REFUSED_MINUTES = 15  # between the clocks: S3 refuses more

#: What to do about credentials that a server refuses, with any status.
_CREDENTIALS = {
    "InvalidAccessKeyId": "It does not know AWS_ACCESS_KEY_ID: check that it is a key of {endpoint}.",
    "InvalidClientTokenId": "It does not know AWS_ACCESS_KEY_ID: check that it is a key of {endpoint}.",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not match AWS_ACCESS_KEY_ID, or the region is wrong (it is "
    "{region}; set AWS_REGION; endpoint {endpoint}), or a proxy changes requests.",
    "InvalidToken": "AWS_SESSION_TOKEN does not belong to these credentials.",
    **dict.fromkeys(
        EXPIRED,
        "The credentials have expired: get new ones (with AWS_SESSION_TOKEN), and run it again; finished work is kept.",
    ),
}
#: The same, about the account.
_ACCOUNT = frozenset({"AccountProblem", "AllAccessDisabled", "NotSignedUp", "UserSuspended", "InvalidPayer"})
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"})
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageQuotaExceeded"})
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NoSuchObject", "NotFound"})
_NO_BUCKET = frozenset({"NoSuchBucket", "BucketNotFound"})

_MAY_MISS = "the object does not exist, but S3 does not say so because they may not list the bucket (s3:ListBucket)"
#: What a 403 without a more exact code most likely means, by the operation.
_PERMISSIONS = {
    "HeadObject": f"these credentials lack s3:GetObject; {_MAY_MISS}",
    "GetObject": f"these credentials lack s3:GetObject (or kms:Decrypt of the bucket's key); {_MAY_MISS}",
    "ListObjectsV2": "these credentials may not list the bucket (s3:ListBucket)",
    "ListMultipartUploads": "these credentials lack s3:ListBucketMultipartUploads",
    "DeleteObject": "these credentials lack s3:DeleteObject",
    "AbortMultipartUpload": "these credentials lack s3:AbortMultipartUpload",
}
_WRITES = ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
_UNENCRYPTED = (
    "these credentials lack s3:PutObject; the bucket's policy demands encryption, which F5_S3_SSE=AES256 or "
    "F5_S3_SSE=aws:kms (with F5_S3_SSE_KMS_KEY_ID) asks for"
)
_ENCRYPTED = (
    "these credentials lack s3:PutObject, or kms:GenerateDataKey and kms:Decrypt of the key; the bucket's policy "
    "demands another encryption than F5_S3_SSE and F5_S3_SSE_KMS_KEY_ID ask for"
)
#: Operations of boto3 itself, which gets credentials by them.
_SIGN_IN = frozenset(
    {"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetRoleCredentials", "CreateToken"}
)


class ConditionFailed(Exception):
    """A condition of the request (If-Match, If-None-Match) does not hold."""


class BeyondTheEnd(Exception):
    """A range that starts after the last byte: the object is empty, or was replaced by a shorter one."""


#: What botocore and the readers of its results raise for a response that is not one of S3.
_INVALID = (LookupError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)


@contextmanager
def translate_s3_errors(describe: Callable[[], Request]) -> Iterator[None]:
    """Raise botocore's errors as ours. ``describe`` is called after the request, which may change what is known."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except F5PipelineError:
        raise
    except Redirected as error:
        raise from_redirect(error.location, describe()) from error
    except ClientError as error:
        raise _from_response(error.response, error.operation_name, describe()) from error
    except (BotoCoreError, ResponseParserError, HTTPError) as error:  # botocore does not wrap all of urllib3's
        raise from_failure(error, describe()) from error
    except _INVALID as error:
        raise from_invalid(_defect(error), describe()) from error


def _from_response(
    answer: Mapping[str, Any], operation: str, request: Request
) -> F5PipelineError | ConditionFailed | BeyondTheEnd:
    """Our error for an error response: by its operation and code; by its status only where it has no code."""
    status, code, message = status_in(answer), code_in(answer), message_in(answer)
    url, doing, endpoint = request.url, request.doing, request.endpoint
    detail = " ".join(part for part in (str(status), code) if part) + (f": {message}" if message else "")
    if operation in _SIGN_IN:
        fix = "Check AWS_PROFILE, AWS_ROLE_ARN and what they name; sign in again: aws sso login."
        return SignInExpired(url, f"getting credentials failed: {operation} was answered {detail}.", fix)
    if status == 412:
        return ConditionFailed()
    if status == 416:
        return BeyondTheEnd()
    if code in _NO_BUCKET:
        return BucketMissing(url, endpoint)
    if status == 404 and _is_missing(code, operation, request):
        return ObjectMissing(request.location)
    if is_transient_status(status, code):
        if status == 500 and not code and is_web_page(answer):  # botocore's status for a 200 that is no XML
            return from_invalid("its answer is a web page", request)
        return StoreBusy(url, doing, detail)
    if wrong := _not_s3(answer, operation, request):
        return wrong
    if code in WRONG_REGION or status in (301, 307):
        return RegionWrong(url, doing, detail, request.region, region_in(answer), endpoint)
    if code in WANTS_VIRTUAL_HOSTED:
        fix = "The server wants the bucket in the host name: set AWS_ENDPOINT_URL to a name instead of an IP address."
        return RequestNotAccepted(url, doing, detail, endpoint, fix)
    return _refusal(answer, operation, request, detail)


def _refusal(answer: Mapping[str, Any], operation: str, request: Request, detail: str) -> F5PipelineError:
    status, code = status_in(answer), code_in(answer)
    skew = round(abs(request.skew_seconds) / 60)
    url, doing, endpoint = request.url, request.doing, request.endpoint
    if code in _CREDENTIALS:
        fix = _CREDENTIALS[code].format(endpoint=endpoint, region=request.region)
        return CredentialsRefused(url, doing, code, detail, fix)
    if code in _CLOCK or (status == 403 and skew >= _REFUSED_MINUTES):
        return ClockWrong(url, doing, code, detail, skew)
    if code in _ACCOUNT:
        fix = f"Something is wrong with the account of these credentials: see its page at the provider of {endpoint}."
        return AccessRefused(url, doing, code, detail, fix)
    if code in _FULL:
        return RequestNotAccepted(url, doing, detail, endpoint, "The bucket is full: delete files, or raise its quota.")
    if code == "InvalidObjectState":
        fix = "The object is in an archive (Glacier): restore it, and keep the store out of archiving lifecycle rules."
        return AccessRefused(url, doing, code, detail, fix)
    if code.startswith("KMS."):
        return RequestNotAccepted(url, doing, detail, endpoint, "Check the bucket's KMS key, and F5_S3_SSE_KMS_KEY_ID.")
    if status in (401, 403):
        return AccessRefused(url, doing, code, detail, _permission(operation, request))
    if request.encrypted and operation in _WRITES:
        fix = f"If {endpoint} does not support this encryption, correct or unset F5_S3_SSE and F5_S3_SSE_KMS_KEY_ID."
        return RequestNotAccepted(url, doing, detail, endpoint, fix)
    return RequestNotAccepted(url, doing, detail, endpoint)


def _permission(operation: str, request: Request) -> str:
    likely = _PERMISSIONS.get(operation, "these credentials lack the permission")
    if operation in _WRITES:
        likely = _ENCRYPTED if request.encrypted else _UNENCRYPTED
    return (
        f"S3 hides several causes behind 403: {likely}; the endpoint ({request.endpoint}) or region ({request.region}) "
        "is not the bucket's; the clock of this machine is wrong; the server rejects checksum headers."
    )


def _is_missing(code: str, operation: str, request: Request) -> bool:
    """True if a 404 means that a key is missing; else there is no bucket, or no S3 server, or another refusal."""
    if code == "NoSuchUpload":
        return True
    if operation in _WRITES or operation.startswith("List"):
        return False
    return code in _MISSING or operation == "HeadObject" or (not code and request.answered)


def _not_s3(answer: Mapping[str, Any], operation: str, request: Request) -> EndpointWrong | None:
    """The error for an answer that is not of an S3 server, or of one that was addressed wrongly; None for any other."""
    status, code = status_in(answer), code_in(answer)
    url, doing, endpoint = request.url, request.doing, request.endpoint
    if "API port" in message_in(answer):
        fix = "Set AWS_ENDPOINT_URL to the port of its S3 service: MinIO's is 9000 if its console's is 9001."
        return EndpointWrong(url, doing, endpoint, "is the console of the server, not its S3 service", fix)
    if code in _MISSING and operation.startswith("List"):
        fix = "Remove the bucket's name from AWS_ENDPOINT_URL: it belongs in F5_STORE (s3://bucket/prefix)."
        return EndpointWrong(url, doing, endpoint, "takes the bucket for an object: it has a bucket's name in it", fix)
    if code or request.answered or operation == "HeadObject":
        return None
    kind = media_type_in(answer)
    if status == 400 and should_be_https(endpoint):
        return https_wanted(request)
    if status == 403 and not is_web_page(answer):
        return None
    other = "a proxy before it refuses" if status in (401, 403) else "not with this path"
    reason = f"is no S3 service, or {other}: it answered {status}{f' with {kind}' if kind else ''}"
    fix = "Set AWS_ENDPOINT_URL to the address of the S3 service: host, port and path (some have one: /storage/v1/s3)."
    return EndpointWrong(url, doing, endpoint, reason, fix)


def _defect(error: Exception) -> str:
    """What is wrong with a response that raised one of ``_INVALID``."""
    if isinstance(error, KeyError):
        return f"its answer has no {error.args[0]}"
    return shortened(str(error)) or type(error).__name__
