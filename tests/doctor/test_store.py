"""A store that cannot be used, and why: real servers, keys and permissions, dead ports, wrong clocks."""

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
from f5_pipeline.doctor.store import BUCKET_NAMES, Answer, judge_clock, look_at_bucket, look_at_folder, see_answer
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.s3 import S3Store
from tests.doctor.nobody import as_nobody
from tests.storage import servers
from tests.storage.proxy import Fault, Request, proxy_before, without_conditional_writes
from tests.storage.servers import Server

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def look(environment: pytest.MonkeyPatch) -> Look:
    """Look at a bucket with the variables of a server, or with some of them changed."""

    def look(endpoint: str, bucket: str, **changed: str) -> dict[str, Finding]:
        for name, value in {**servers.environment(endpoint), **changed}.items():
            environment.setenv(name, value)
        found = {finding.name: finding for finding in look_at_bucket(S3Store(f"s3://{bucket}/some/prefix"))}
        assert tuple(found) == BUCKET_NAMES
        return found

    return look


def statuses(found: dict[str, Finding]) -> list[str]:
    return [finding.status for finding in found.values()]


def test_a_bucket_that_works_is_left_as_it_was(rclone_server: Server, look: Look) -> None:
    bucket = rclone_server.bucket()
    assert statuses(look(rclone_server.endpoint, bucket)) == ["ok"] * 5
    assert "Contents" not in servers.client(rclone_server.endpoint).list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"AWS_ACCESS_KEY_ID": "WRONGKEY12345678"}, ("InvalidAccessKeyId", "AWS_ACCESS_KEY_ID")),
        ({"AWS_SECRET_ACCESS_KEY": "WRONGSECRET12345"}, ("SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY")),
    ],
)
def test_bad_credentials(rclone_server: Server, look: Look, changed: dict[str, str], says: tuple[str, str]) -> None:
    found = look(rclone_server.endpoint, rclone_server.bucket(), **changed)
    assert statuses(found) == ["ok", "ok", "fail", "warn", "warn"]
    assert says[0] in found["store_credentials"].found
    assert says[1] in found["store_credentials"].fix
    assert found["store_write"].found == "Not looked at, because of store_credentials."
    said = " ".join(finding.found + finding.fix for finding in found.values())
    assert servers.SECRET_KEY not in said
    assert "WRONGSECRET" not in said


def test_half_of_the_credentials(rclone_server: Server, look: Look) -> None:
    found = look(rclone_server.endpoint, "bucket", AWS_SECRET_ACCESS_KEY="")
    assert statuses(found) == ["warn", "warn", "fail", "warn", "warn"]
    assert "there are no credentials" in found["store_credentials"].found


def test_a_bucket_that_is_not_there(rclone_server: Server, look: Look) -> None:
    found = look(rclone_server.endpoint, "no-such-bucket")
    assert statuses(found) == ["ok", "ok", "ok", "fail", "warn"]
    assert "there is no such bucket" in found["store_listing"].found
    assert "F5_STORE" in found["store_listing"].fix


# --- what the credentials may do ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict_server() -> Iterator[Server]:
    with servers.moto() as server:
        yield server


@pytest.fixture
def user(strict_server: Server) -> Iterator[Callable[..., dict[str, str]]]:
    """Make a user who may do these things only, on a server that from then on holds everybody to that."""

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


def test_no_permission_to_list(strict_server: Server, look: Look, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    keys = user("reader", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    found = look(strict_server.endpoint, bucket, **keys)
    assert statuses(found) == ["ok", "ok", "ok", "fail", "warn"]
    assert "may not be listed (AccessDenied)" in found["store_listing"].found
    assert "s3:ListBucket" in found["store_listing"].fix


def test_no_permission_to_write(strict_server: Server, look: Look, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    found = look(strict_server.endpoint, bucket, **user("listener", "s3:ListBucket", "s3:GetObject"))
    assert statuses(found) == ["ok", "ok", "ok", "ok", "fail"]
    assert "writing doctor-" in found["store_write"].found


def test_no_permission_to_delete(strict_server: Server, look: Look, user: Callable[..., dict[str, str]]) -> None:
    bucket = strict_server.bucket()
    found = look(strict_server.endpoint, bucket, **user("hoarder", "s3:ListBucket", "s3:GetObject", "s3:PutObject"))
    assert statuses(found) == ["ok", "ok", "ok", "ok", "warn"]
    assert "s3:DeleteObject" in found["store_write"].fix
    assert f"s3://{bucket}/some/prefix/doctor-" in found["store_write"].fix


# --- servers that are not there, or live at another time ------------------------------------------------------


def test_a_dead_port(look: Look) -> None:
    endpoint = f"http://127.0.0.1:{servers.free_port()}"
    found = look(endpoint, "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert f"{endpoint} cannot be reached (Connection refused)" in found["store_endpoint"].found
    assert "AWS_ENDPOINT_URL" in found["store_endpoint"].fix


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [("http://no-such-host.invalid", "cannot be reached"), ("not an address", "Invalid endpoint")],
)
def test_no_address(look: Look, endpoint: str, says: str) -> None:
    found = look(endpoint, "bucket")
    assert statuses(found) == ["fail", "warn", "warn", "warn", "warn"]
    assert says in found["store_endpoint"].found


def test_a_password_in_the_endpoint_is_not_shown(look: Look) -> None:
    found = look(f"http://name:pa55word@127.0.0.1:{servers.free_port()}", "bucket")
    assert found["store_endpoint"].status == "fail"
    assert "pa55word" not in " ".join(finding.found + finding.fix for finding in found.values())


def test_a_website_is_no_store(look: Look) -> None:
    page = Fault("answer", 200, headers={"Content-Type": "text/html"})
    with proxy_before("http://127.0.0.1:1") as proxy:
        proxy.decide = lambda request: page
        found = look(proxy.endpoint, "bucket")
    assert statuses(found)[:2] == ["warn", "ok"]
    assert "a console or website" in found["store_endpoint"].fix


def test_a_server_that_speaks_tls_only(rclone_server: Server) -> None:
    assert see_answer(rclone_server.endpoint.replace("http:", "https:")).trouble.endswith("is not trusted")


@pytest.mark.parametrize(
    ("minutes", "status", "says"), [(20, "fail", "behind"), (-20, "fail", "ahead of"), (3, "warn", "15 are refused")]
)
def test_a_clock_that_is_off(rclone_server: Server, look: Look, minutes: int, status: str, says: str) -> None:
    date = email.utils.formatdate(time.time() + 60 * minutes, usegmt=True)
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = lambda request: (
            Fault("answer", 403, "AccessDenied", headers={"Date": date}) if at_root(request) else None
        )
        found = look(proxy.endpoint, rclone_server.bucket())
    assert found["store_clock"].status == status
    assert says in found["store_clock"].found
    assert f"{abs(minutes)} minutes" in found["store_clock"].found
    assert "timedatectl" in found["store_clock"].fix
    assert found["store_write"].status == "ok"  # this server does not mind


def at_root(request: Request) -> bool:
    return (request.method, request.path) == ("HEAD", "/")


def test_a_server_that_refuses_the_time_is_not_a_matter_of_permission(rclone_server: Server, look: Look) -> None:
    date = email.utils.formatdate(time.time() - 1200, usegmt=True)
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = lambda request: Fault("answer", 403, "RequestTimeTooSkewed", headers={"Date": date})
        found = look(proxy.endpoint, rclone_server.bucket())
    assert found["store_clock"].status == found["store_listing"].status == "fail"
    assert "ListBucket" not in found["store_listing"].fix


def test_a_server_without_a_clock() -> None:
    assert judge_clock(Answer("http://x")).status == "ok"


def test_a_cache_that_gives_old_answers(rclone_server: Server, look: Look) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        old = Fault("answer", 200, headers={"ETag": '"old"', "Last-Modified": email.utils.formatdate(0, usegmt=True)})
        proxy.decide = lambda request: old if is_probe(request) else None
        found = look(proxy.endpoint, rclone_server.bucket())
    assert found["store_write"].status == "fail"
    assert "something else than was just written" in found["store_write"].found


def is_probe(request: Request) -> bool:
    return request.method == "GET" and "doctor-" in request.path


def test_a_server_without_conditional_writes_works(rclone_server: Server, look: Look) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        proxy.decide = without_conditional_writes
        assert statuses(look(proxy.endpoint, rclone_server.bucket())) == ["ok"] * 5
        assert [("if-none-match" in request.headers) for request in proxy.of("PUT")] == [True, False]


# --- folders --------------------------------------------------------------------------------------------------


def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    for folder in (tmp_path / "there", tmp_path / "not" / "there"):
        if folder.name == "there" and folder.parent == tmp_path:
            folder.mkdir()
        before = sorted(tmp_path.rglob("*"))
        found = {finding.name: finding.status for finding in look_at_folder(LocalStore(folder))}
        assert found == {"store_listing": "ok", "store_write": "ok"}
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_may_not_be_written(nobodys_folder: Path) -> None:
    with as_nobody():
        found = {finding.name: finding for finding in look_at_folder(LocalStore(nobodys_folder))}
    assert found["store_listing"].status == "ok"
    assert found["store_write"].status == "fail"
    assert "permission denied" in found["store_write"].found
    assert list(nobodys_folder.iterdir()) == []
