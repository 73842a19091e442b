"""What an error response of S3 says, as botocore parses it: status, code, message, region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Alibaba OSS, Tencent COS, Huawei OBS, Volcengine TOS: "use the bucket's own host name".
WANTS_VIRTUAL_HOSTED = frozenset(
    {"SecondLevelDomainForbidden", "PathStyleDomainForbidden", "VirtualHostDomainRequired", "InvalidPathAccess"}
)
WRONG_REGION = frozenset(
    {
        *("AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "PermanentRedirect"),
        *("IllegalLocationConstraintException", "InvalidRegionName", "InvalidRegion"),
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
#: The region that servers name in a sentence only: "expecting 'gra'" (Swift), "expected: 20261130/garage/s3/…"
#: (Garage), "Must be one of: wnam, …, auto" (R2).
_REGION_IN_TEXT = re.compile(
    r"expecting '(?P<a>[\w-]+)'|expected:? '?\S*?\d{8}/(?P<b>[\w-]+)/s3|[Mm]ust be one of: .*\b(?P<c>auto)\b"
)


def status_in(answer: Mapping[str, Any]) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_in(answer: Mapping[str, Any]) -> str:
    """S3's code; "" if the response has none, where botocore gives the status instead."""
    code = str(answer.get("Error", {}).get("Code", ""))
    return "" if code == str(status_in(answer)) else code


def media_type_in(answer: Mapping[str, Any]) -> str:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("content-type", "")).partition(";")[0]


def is_web_page(answer: Mapping[str, Any]) -> bool:
    return media_type_in(answer) == "text/html"


def message_in(answer: Mapping[str, Any]) -> str:
    """The server's sentence, where it says more than the status and the code."""
    message = shortened(str(answer.get("Error", {}).get("Message", "")))
    words = re.sub(r"\W", "", message).lower()
    return "" if not code_in(answer) or words in ("accessdenied", "forbidden", code_in(answer).lower()) else message


def region_in(answer: Mapping[str, Any]) -> str:
    """The region that an answer to a request in another region names; "" for any other answer."""
    if code_in(answer) not in WRONG_REGION:
        return ""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    error = answer.get("Error", {})
    found = _REGION_IN_TEXT.search(str(error.get("Message", "")))
    in_text = next(filter(None, found.groups()), "") if found else ""
    return headers.get("x-amz-bucket-region") or error.get("Region") or in_text


def shortened(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
