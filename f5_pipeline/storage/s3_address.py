"""What the address of an S3 server says by itself: the region of its signatures, and where the bucket's name goes.

Sends no request. What the server's answers say is in ``s3_client``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

DEFAULT_REGION = "us-east-1"  # S3's own; servers without regions accept it

_AWS_REGION = r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d+)"
_LABEL = r"(?P<region>[a-z0-9-]+)"
#: The host names of providers, without a bucket: the region in a group, or in the second place.
_PROVIDERS: tuple[tuple[str, str], ...] = (
    # AWS: also FIPS, dual-stack, China (.com.cn), the European Sovereign Cloud (.eu), and VPC endpoints.
    (rf"s3(?:-fips)?(?:[.-]dualstack)?[.-]{_AWS_REGION}\.amazonaws\.(?:com|com\.cn|eu)", ""),
    (rf"bucket\.vpce-[a-z0-9-]+\.s3\.{_AWS_REGION}\.vpce\.amazonaws\.(?:com|com\.cn|eu)", ""),
    (r"s3(?:-external-1|-accelerate(?:\.dualstack)?)?\.amazonaws\.com", DEFAULT_REGION),
    (rf"s3\.{_LABEL}\.backblazeb2\.com", ""),
    (rf"s3\.{_LABEL}\.wasabisys\.com", ""),
    (r"s3\.wasabisys\.com", DEFAULT_REGION),
    (rf"s3\.{_LABEL}\.(?:(?:io|perf)\.)?cloud\.ovh\.(?:net|us)", ""),
    (rf"s3\.{_LABEL}\.scw\.cloud", ""),
    (rf"{_LABEL}\.your-objectstorage\.com", ""),  # Hetzner
    (rf"{_LABEL}\.digitaloceanspaces\.com", ""),
    (r"[0-9a-z]+(?:\.(?:eu|us|fedramp))?\.r2\.cloudflarestorage\.com", "auto"),
    (r"s3-eu-central-1\.ionoscloud\.com", "de"),  # the oldest; the others are named as their regions
    (rf"s3[.-]{_LABEL}\.ionoscloud\.com", ""),
    (rf"{_LABEL}\.linodeobjects\.com", ""),
    (rf"{_LABEL}\.vultrobjects\.com", ""),
    (rf"s3\.{_LABEL}\.idrivee2\.com", ""),
    (r"t3\.storage\.dev|fly\.storage\.tigris\.dev", "auto"),
    (rf"sos-{_LABEL}\.exo\.io", ""),
    (r"s3\.cubbit\.eu", "eu-west-1"),
    (rf"{_LABEL}\.contabostorage\.com", ""),
    (r"storage\.googleapis\.com", "auto"),
    (r"storage\.yandexcloud\.net|s3\.yandexcloud\.net", "ru-central1"),
    (rf"s3\.{_LABEL}\.dream\.io|objects-(?P<other>[a-z0-9-]+)\.dream\.io", ""),
    (rf"s3\.(?:direct\.|private\.)?{_LABEL}\.cloud-object-storage\.appdomain\.cloud", ""),  # IBM
    (rf"[a-z0-9]+\.compat\.objectstorage\.{_LABEL}\.(?:oraclecloud|oci\.customer-oci)\.com", ""),
    (rf"oos\.{_LABEL}\.outscale\.com", ""),
    (rf"{_LABEL}\.cloud\.gcore\.lu", ""),
    (rf"storage\.{_LABEL}\.nebius\.cloud", ""),
    (rf"obs\.{_LABEL}\.otc\.t-systems\.com", ""),
    (rf"{_LABEL}\.telnyxcloudstorage\.com", ""),
    (rf"object\.storage\.{_LABEL}\.onstackit\.cloud", ""),
    (r"(?:s3\.)?oss-(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com", ""),
    (rf"cos\.{_LABEL}\.myqcloud\.com", ""),
    (rf"obs\.{_LABEL}\.myhuaweicloud\.(?:com|eu)", ""),
    (rf"tos-s3-{_LABEL}\.volces\.com", ""),
)
_RUNPOD = re.compile(rf"s3api-{_LABEL}\.runpod\.io")  # its regions are its data centers, in capitals
#: Providers that refuse requests with the bucket in the path.
_VIRTUAL_HOSTED = re.compile(r"(?:aliyuncs|myqcloud|myhuaweicloud|volces)\.(?:com|eu)$")
_AWS = re.compile(r"s3[a-z0-9.-]*\.amazonaws\.(?:com|com\.cn|eu)")
#: A name of an unknown provider: s3.REGION.example.com.
_ANY = re.compile(r"s3[.-](?P<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.[a-z0-9-]+\.[a-z0-9.-]+")


@dataclass(frozen=True)
class Address:
    """What the name of an endpoint says."""

    region: str = ""  # of signatures; "": it does not say
    bucket: str = ""  # a bucket's name before that of a known provider
    virtual_hosted: bool = False  # True if its provider wants, or prefers, the bucket in the host name


def read_address(endpoint: str) -> Address:
    """What an endpoint's name says; of an unknown one, a region if it is named as S3's own are."""
    host = (urlsplit(endpoint).hostname or "").rstrip(".")
    virtual_hosted = bool(_VIRTUAL_HOSTED.search(host) or _AWS.fullmatch(host))
    labels = host.split(".")
    for start in range(len(labels)):  # the longest known name; what is before it is a bucket
        region = _region_of_provider(".".join(labels[start:]))
        if region is not None:
            return Address(region, ".".join(labels[:start]), virtual_hosted)
    found = _ANY.fullmatch(host)
    return Address(found["region"] if found else "", "", virtual_hosted)


def _region_of_provider(host: str) -> str | None:
    if found := _RUNPOD.fullmatch(host):
        return found["region"].upper()
    for pattern, region in _PROVIDERS:
        if found := re.fullmatch(pattern, host):
            return region or next(filter(None, found.groupdict().values()))
    return None


def region_of(variables: Mapping[str, str], configured: str | None, endpoint: str) -> str:
    """The region to sign with at first: the first of these that is set. The server's answer may correct it.

    Args:
        variables: the environment. ``AWS_REGION`` comes first, which boto3 itself does not read.
        configured: boto3's own region: ``AWS_DEFAULT_REGION``, else that of the profile.
        endpoint: the endpoint, whose name may have a region; "" for AWS.
    """
    return variables.get("AWS_REGION") or configured or read_address(endpoint).region or DEFAULT_REGION


def with_region(endpoint: str, region: str) -> str:
    """The address of the same provider in another region; "" if the endpoint's name has no region to replace."""
    old = read_address(endpoint).region
    host = urlsplit(endpoint).netloc.lower()
    if not old or old.lower() not in host or old.lower() == region.lower():
        return ""
    return endpoint.replace(urlsplit(endpoint).netloc, host.replace(old.lower(), region.lower()), 1)


def without_bucket(endpoint: str, bucket: str) -> str:
    """The endpoint without the bucket in its host or path; "" if it certainly has none."""
    parts, found = urlsplit(endpoint), read_address(endpoint).bucket
    if found:
        return urlunsplit(parts._replace(netloc=parts.netloc[len(found) + 1 :]))
    if is_provider(endpoint) and parts.path.strip("/") == bucket:
        return urlunsplit(parts._replace(path=""))
    return ""


def may_have_bucket(endpoint: str, bucket: str) -> str:
    """The endpoint without what may be the bucket in its host or path, or a part that is only named so; "": nothing is.

    A server's answer to a listing tells the two apart.
    """
    parts = urlsplit(endpoint)
    if parts.path.rstrip("/").endswith(f"/{bucket}"):
        return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix(f"/{bucket}")))
    if (parts.hostname or "").startswith(f"{bucket.lower()}."):
        return urlunsplit(parts._replace(netloc=parts.netloc[len(bucket) + 1 :]))
    return ""


def is_provider(endpoint: str) -> bool:
    """True if the endpoint is that of a known provider."""
    return _region_of_provider(urlsplit(endpoint).hostname or "") is not None


def is_ip_address(endpoint: str) -> bool:
    """True if the host is a number, which cannot have a bucket's name before it."""
    try:
        ip_address(urlsplit(endpoint).hostname or "")
    except ValueError:
        return False
    return True
