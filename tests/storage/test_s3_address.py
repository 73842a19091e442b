"""What the names of endpoints say: regions, buckets, addressing."""

from __future__ import annotations

import pytest

from f5_pipeline.storage.s3_address import (
    may_have_bucket,
    read_address,
    region_of,
    with_region,
    without_bucket,
)

REGIONS = {
    "s3.us-west-004.backblazeb2.com": "us-west-004",
    "s3.eu-central-2.wasabisys.com": "eu-central-2",
    "s3.wasabisys.com": "us-east-1",
    "s3.gra.io.cloud.ovh.net": "gra",
    "s3.eu-west-par.io.cloud.ovh.net": "eu-west-par",
    "s3.bhs.perf.cloud.ovh.net": "bhs",
    "s3.fr-par.scw.cloud": "fr-par",
    "fsn1.your-objectstorage.com": "fsn1",
    "nyc3.digitaloceanspaces.com": "nyc3",
    "0123456789abcdef.r2.cloudflarestorage.com": "auto",
    "0123456789abcdef.eu.r2.cloudflarestorage.com": "auto",
    "s3api-eu-ro-1.runpod.io": "EU-RO-1",
    "s3-eu-central-1.ionoscloud.com": "de",
    "s3.eu-central-3.ionoscloud.com": "eu-central-3",
    "us-ord-10.linodeobjects.com": "us-ord-10",
    "ewr1.vultrobjects.com": "ewr1",
    "s3.us-west-1.idrivee2.com": "us-west-1",
    "t3.storage.dev": "auto",
    "sos-ch-gva-2.exo.io": "ch-gva-2",
    "s3.cubbit.eu": "eu-west-1",
    "eu2.contabostorage.com": "eu2",
    "s3.amazonaws.com": "us-east-1",
    "s3.eu-west-1.amazonaws.com": "eu-west-1",
    "s3-eu-west-1.amazonaws.com": "eu-west-1",
    "s3.dualstack.eu-west-1.amazonaws.com": "eu-west-1",
    "s3-fips.us-gov-west-1.amazonaws.com": "us-gov-west-1",
    "s3-fips.dualstack.us-east-2.amazonaws.com": "us-east-2",
    "s3.cn-north-1.amazonaws.com.cn": "cn-north-1",
    "s3.eusc-de-east-1.amazonaws.eu": "eusc-de-east-1",
    "bucket.vpce-0a1-b2.s3.us-east-1.vpce.amazonaws.com": "us-east-1",
    "oss-cn-hangzhou-internal.aliyuncs.com": "cn-hangzhou",
    "cos.ap-guangzhou.myqcloud.com": "ap-guangzhou",
    "s3.eu-west-1.storage.example.com": "eu-west-1",
    "s3.example.com": "",
    "s3.my-company.com": "",
    "minio.example.com:9000": "",
    "127.0.0.1:9000": "",
    "gateway.storjshare.io": "",
}


@pytest.mark.parametrize(("host", "region"), REGIONS.items(), ids=REGIONS)
def test_the_region_in_the_name_of_an_endpoint(host: str, region: str) -> None:
    assert read_address(f"https://{host}").region == region
    assert read_address(f"https://{host}").bucket == ""


def test_the_first_region_that_is_set_counts() -> None:
    endpoint = "https://s3.eu-west-1.amazonaws.com"
    assert region_of({"AWS_REGION": "a"}, "b", endpoint) == "a"
    assert region_of({}, "b", endpoint) == "b"
    assert region_of({}, None, endpoint) == "eu-west-1"
    assert region_of({}, None, "http://127.0.0.1:9000") == "us-east-1"


def test_the_providers_that_want_the_bucket_in_the_host_name() -> None:
    for host in ("oss-cn-hangzhou.aliyuncs.com", "cos.ap-guangzhou.myqcloud.com", "tos-s3-cn-beijing.volces.com"):
        assert read_address(f"https://{host}").virtual_hosted
    for host in (
        "s3.us-west-004.backblazeb2.com",
        "minio.example.com",
        "bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com",
    ):
        assert not read_address(f"https://{host}").virtual_hosted


def test_a_bucket_in_the_host_name() -> None:
    assert read_address("https://a.b.s3.eu-west-1.amazonaws.com").bucket == "a.b"
    assert without_bucket("https://a.fsn1.your-objectstorage.com", "x") == "https://fsn1.your-objectstorage.com"
    assert without_bucket("https://s3.eu-west-1.amazonaws.com", "s3") == ""
    assert without_bucket("http://minio.example.com", "minio") == ""
    assert may_have_bucket("http://minio.example.com:9", "minio") == "http://example.com:9"
    assert may_have_bucket("http://minio:9000", "minio") == ""
    assert may_have_bucket("http://host/a/bkt/", "bkt") == "http://host/a"


def test_the_same_provider_in_another_region() -> None:
    assert with_region("https://s3.eu-central-1.wasabisys.com", "us-west-1") == "https://s3.us-west-1.wasabisys.com"
    assert with_region("https://s3api-eu-ro-1.runpod.io", "EU-CZ-1") == "https://s3api-eu-cz-1.runpod.io"
    assert with_region("http://127.0.0.1:9000", "x") == ""
    assert with_region("https://t3.storage.dev", "x") == ""
