"""Stores that cannot be used: real servers, wrong keys, missing permissions, dead ports, wrong clocks."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import requests

from f5_pipeline.doctor.finding import Finding
from f5_pipeline.doctor.store import (
    BUCKET_NAMES,
    bucket_findings,
    check_clock,
    folder_findings,
)
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.s3 import S3Store
from tests.doctor.unprivileged import as_unprivileged_user
from tests.storage import servers
from tests.storage.proxy import Fault, Request, proxy_before, without_conditional_writes
from tests.storage.servers import Server

Check = Callable[..., dict[str, Finding]]


@pytest.fixture
def check(environment: pytest.MonkeyPatch) -> Check:
    """Checks a bucket with the variables of a server, some of them changed."""

    def check(endpoint: str, bucket: str, **changed: str) -> dict[str, Finding]:
        for name, value in {**servers.environment(endpoint), **changed}.items():
            environment.setenv(name, value)
        found = {finding.name: finding for finding in bucket_findings(S3Store(f"s3://{bucket}/some/prefix"))}
        assert tuple(found) == BUCKET_NAMES
        return found

    return check


def statuses(found: dict[str, Finding]) -> list[str]:
    return [finding.status for finding in found.values()]


def test_a_working_bucket_is_ok_and_unchanged(rclone_server: Server, check: Check) -> None:
    bucket = rclone_server.bucket()
    assert statuses(check(rclone_server.endpoint, bucket)) == ["ok"] * 5
    assert "Contents" not in servers.client(rclone_server.endpoint).list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ({"AWS_ACCESS_KEY_ID": "WRONGKEY12345678"}, ("InvalidAccessKeyId", "AWS_ACCESS_KEY_ID")),
        ({"AWS_SECRET_ACCESS_KEY": "WRONGSECRET12345"}, ("SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY")),
    ],
)
def test_wrong_credentials_fail_and_are_not_shown(
    rclone_server: Server, check: Check, changed: dict[str, str], facts: tuple[str, str]
) -> None:
    found = check(rclone_server.endpoint, rclone_server.bucket(), **changed)
    assert statuses(found) == ["ok", "ok", "fail", "warn", "warn"]
    assert facts[0] in found["store_credentials"].found
    assert facts[1] in found["store_credentials"].fix
    assert found["store_write"].found == "Skipped, because store_credentials failed."
    text = " ".join(finding.found + finding.fix for finding in found.values())
    assert servers.SECRET_KEY not in text
    assert "WRONGSECRET" not in text


def test_incomplete_credentials_fail(rclone_server: Server, check: Check) -> None:
    found = check(rclone_server.endpoint, "bucket", AWS_SECRET_ACCESS_KEY="")
    assert statuses(found) == ["warn", "warn", "fail", "warn", "warn"]
    assert "there are no credentials" in found["store_credentials"].found


def test_a_missing_bucket_fails_the_listing(rclone_server: Server, check: Check) -> None:
    found = check(rclone_server.endpoint, "no-such-bucket")
    assert statuses(found) == ["ok", "ok", "ok", "fail", "warn"]
    assert "there is no such bucket" in found["store_listing"].found
    assert "F5_STORE" in found["store_listing"].fix


# --- permissions --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict_server() -> Iterator[Server]:
    with servers.moto() as server:
        yield server


@pytest.fixture
def user(strict_server: Server) -> Iterator[Callable[..., dict[str, str]]]:
    """Creates a user with only these permissions, on a server that enforces permissions from then on."""

    def make(name: str, *actions: str) -> dict[str, str]:
        keys = {"aws_access_key_id": servers.ACCESS_KEY, "aws_secret_access_key": servers.SECRET_KEY}
        iam = boto3.client("iam", endpoint_url=strict_server.endpoint, region_name="us-east-1", **keys)
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        requests.post(f"{strict_server.endpoint}/moto-api/reset-auth", data=b"0", timeout=10).raise_for_status()
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield make
    requests.post(f"{strict_server.endpoint}/moto-api/reset-auth", data=b"inf", timeout=10).raise_for_status()


def test_missing_list_permission(strict_server: Server, check: Check, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    keys = user("reader", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    found = check(strict_server.endpoint, bucket, **keys)
    assert statuses(found) == ["ok", "ok", "ok", "fail", "warn"]
    assert "listing was refused (403 AccessDenied)" in found["store_listing"].found
    assert "s3:ListBucket" in found["store_listing"].fix


def test_missing_write_permission(strict_server: Server, check: Check, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    found = check(strict_server.endpoint, bucket, **user("listener", "s3:ListBucket", "s3:GetObject"))
    assert statuses(found) == ["ok", "ok", "ok", "ok", "fail"]
    assert "doctor-" in found["store_write"].found


def test_missing_delete_permission(strict_server: Server, check: Check, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    found = check(strict_server.endpoint, bucket, **user("hoarder", "s3:ListBucket", "s3:GetObject", "s3:PutObject"))
    assert statuses(found) == ["ok", "ok", "ok", "ok", "warn"]
    assert "s3:DeleteObject" in found["store_write"].fix
    assert f"s3://{bucket}/some/prefix/doctor-" in found["store_write"].fix


# --- unreachable servers, wrong clocks, proxies --------------------------------------------------------------


def test_a_dead_port(check: Check) -> None:
    endpoint = f"http://127.0.0.1:{servers.free_port()}"
    found = check(endpoint, "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert f"{endpoint} cannot be reached (Connection refused)" in found["store_endpoint"].found
    assert "AWS_ENDPOINT_URL" in found["store_endpoint"].fix


@pytest.mark.parametrize(
    ("endpoint", "fact"),
    [("http://no-such-host.invalid", "cannot be reached"), ("not an address", "Invalid endpoint")],
)
def test_invalid_addresses(check: Check, endpoint: str, fact: str) -> None:
    found = check(endpoint, "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert fact in found["store_endpoint"].found


def test_a_password_in_the_endpoint_is_refused_and_not_shown(check: Check) -> None:
    found = check(f"http://name:pa55word@127.0.0.1:{servers.free_port()}", "bucket")
    assert found["store_endpoint"].status == "fail"
    assert "AWS_ACCESS_KEY_ID" in found["store_endpoint"].found
    assert "pa55word" not in " ".join(finding.found + finding.fix for finding in found.values())


def test_a_website_fails_the_endpoint(check: Check) -> None:
    page = Fault("answer", 200, headers={"Content-Type": "text/html"}, body=b"<!doctype html><p>Welcome<br>")
    with proxy_before("http://127.0.0.1:1") as proxy:
        proxy.decide = lambda request: page
        found = check(proxy.endpoint, "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert "its answer is a web page" in found["store_endpoint"].found
    assert "a console or website" in found["store_endpoint"].fix


def test_a_server_without_https(rclone_server: Server, check: Check) -> None:
    found = check(rclone_server.endpoint.replace("http:", "https:"), "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert f"Set AWS_ENDPOINT_URL={rclone_server.endpoint}" in found["store_endpoint"].fix


def test_the_proxy_and_the_profile_of_the_product_are_used(
    rclone_server: Server, check: Check, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The endpoint's name does not exist here: only a proxy reaches it."""
    with proxy_before(rclone_server.endpoint) as proxy:
        environment.setenv("HTTP_PROXY", proxy.endpoint)
        environment.delenv("NO_PROXY", raising=False)
        environment.delenv("no_proxy", raising=False)
        keys = f"aws_access_key_id={servers.ACCESS_KEY}\naws_secret_access_key={servers.SECRET_KEY}\n"
        (tmp_path / "config").write_text(f"[profile work]\nendpoint_url=http://s3.internal.invalid\n{keys}")
        for name in servers.environment(""):
            environment.delenv(name, raising=False)
        environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        environment.setenv("AWS_PROFILE", "work")
        findings = list(bucket_findings(S3Store(f"s3://{rclone_server.bucket()}")))
        assert [finding.status for finding in findings] == ["ok"] * 5
        assert "http://s3.internal.invalid answers" in findings[0].found
        assert proxy.requests


def test_a_region_that_the_server_corrects_is_named(rclone_server: Server, check: Check) -> None:
    region = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region></Error>"

    def decide(request: Request) -> Fault | None:
        signed = "/us-east-1/s3/" in request.headers["authorization"]
        return Fault("answer", 400, body=region) if signed else None

    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = decide
        found = check(proxy.endpoint, rclone_server.bucket())
    assert statuses(found) == ["warn", "ok", "ok", "ok", "ok"]
    assert "AWS_REGION=eu-west-9" in found["store_endpoint"].fix


def test_expired_credentials(rclone_server: Server, check: Check) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = lambda request: Fault("answer", 400, "ExpiredToken")
        found = check(proxy.endpoint, "bucket")
    assert statuses(found) == ["ok", "ok", "fail", "warn", "warn"]
    assert "have expired" in found["store_credentials"].fix


@pytest.mark.parametrize(
    ("minutes", "status", "fact"), [(20, "fail", "behind"), (-20, "fail", "ahead of"), (3, "warn", "15 are refused")]
)
def test_clock_skew(rclone_server: Server, check: Check, minutes: int, status: str, fact: str) -> None:
    date = email.utils.formatdate(time.time() + 60 * minutes, usegmt=True)
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = lambda request: Fault("alter", headers={"date": "", "Date": date})
        found = check(proxy.endpoint, rclone_server.bucket())
    assert found["store_clock"].status == status
    assert fact in found["store_clock"].found
    assert f"{abs(minutes)} minutes" in found["store_clock"].found
    assert "timedatectl" in found["store_clock"].fix
    assert found["store_write"].status == "ok"  # this server ignores the clock


def test_a_refusal_because_of_the_clock_is_not_reported_as_a_missing_permission(
    rclone_server: Server, check: Check
) -> None:
    date = email.utils.formatdate(time.time() - 1200, usegmt=True)
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = lambda request: Fault("answer", 403, "RequestTimeTooSkewed", headers={"Date": date})
        found = check(proxy.endpoint, rclone_server.bucket())
    assert statuses(found) == ["ok", "fail", "warn", "warn", "warn"]
    assert "set it with NTP" in found["store_clock"].fix


def test_a_server_that_sends_no_date_is_ok() -> None:
    assert check_clock(None).status == "ok"


def test_a_cache_that_returns_stale_content_fails_the_write(rclone_server: Server, check: Check) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        old = Fault("answer", 200, headers={"ETag": '"old"', "Last-Modified": email.utils.formatdate(0, usegmt=True)})
        proxy.decide = lambda request: old if is_probe(request) else None
        found = check(proxy.endpoint, rclone_server.bucket())
    assert found["store_write"].status == "fail"
    assert "cache" in found["store_write"].fix


def is_probe(request: Request) -> bool:
    return request.method == "GET" and "doctor-" in request.path


def test_a_server_without_conditional_writes_works(rclone_server: Server, check: Check) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = without_conditional_writes
        assert statuses(check(proxy.endpoint, rclone_server.bucket())) == ["ok"] * 5
        assert [("if-none-match" in request.headers) for request in proxy.of("PUT")] == [True, False]


# --- folders --------------------------------------------------------------------------------------------------


def test_existing_and_missing_folders_are_ok_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "existing").mkdir()
    for folder in (tmp_path / "existing", tmp_path / "missing" / "folder"):
        before = sorted(tmp_path.rglob("*"))
        found = {finding.name: finding.status for finding in folder_findings(LocalStore(folder))}
        assert found == {"store_listing": "ok", "store_write": "ok"}
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_without_write_permission_fails(read_only_folder: Path) -> None:
    with as_unprivileged_user():
        found = {finding.name: finding for finding in folder_findings(LocalStore(read_only_folder))}
    assert found["store_listing"].status == "ok"
    assert found["store_write"].status == "fail"
    assert "permission denied" in found["store_write"].found
    assert list(read_only_folder.iterdir()) == []
