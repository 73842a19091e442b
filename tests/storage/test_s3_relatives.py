"""Servers that differ from S3, and refusals: they work where they can, and else say what is wrong and what to do."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from f5_pipeline.errors import (
    AccessRefused,
    BucketInEndpoint,
    BucketMissing,
    CredentialsRefused,
    EndpointWrong,
    F5PipelineError,
    ObjectMissing,
    RegionWrong,
    RequestNotAccepted,
    ServerUnreachable,
    SignInExpired,
    StoreUnusable,
)
from f5_pipeline.storage.s3 import S3Store
from tests.storage import servers
from tests.storage.relatives import BUCKET, Answer, Asked, Relative, relative

Use = Callable[[S3Store], object]
USES: dict[str, Use] = {
    "list": lambda store: list(store.list("voices/")),
    "stat": lambda store: store.stat("batches/x"),
    "read": lambda store: store.read("batches/x"),
    "write": lambda store: store.write("batches/x", b"x"),
    "create": lambda store: store.create("clips/x", b"x"),
}


def open_bucket(server: Relative, patch: pytest.MonkeyPatch, endpoint: str = "", bucket: str = BUCKET) -> S3Store:
    for name, value in server.variables(endpoint).items():
        patch.setenv(name, value)
    return S3Store(f"s3://{bucket}/speech")


def check_works(store: S3Store) -> None:
    assert list(store.list()) == []
    assert store.stat("clips/x") is None
    with pytest.raises(ObjectMissing):
        store.read("clips/x")
    assert store.create("clips/x", b"sound") is not None
    assert store.create("clips/x", b"other") is None
    assert store.read("clips/x") == b"sound"
    store.write("clips/x", b"more")
    assert [info.key for info in store.list()] == ["clips/x"]
    store.delete("clips/x")


def errors_of_uses(server: Relative, patch: pytest.MonkeyPatch, **where: str) -> dict[str, F5PipelineError]:
    """The error of each operation, as the first one of a process."""
    found = {}
    for name, use in USES.items():
        with pytest.raises(F5PipelineError) as error:
            use(open_bucket(server, patch, **where))
        assert len(str(error.value)) < 700
        found[name] = error.value
    return found


def is_put(asked: Asked) -> bool:
    return asked.method == "PUT" and asked.path.count("/") > 1


# --- regions --------------------------------------------------------------------------------------------------

MALFORMED = "AuthorizationHeaderMalformed"
REGION_ANSWERS = {
    "S3, Scaleway": Answer(400, MALFORMED, "the region is wrong", "<Region>fr-par</Region>"),
    "only the message (Swift)": Answer(400, MALFORMED, "the region 'us-east-1' is wrong; expecting 'fr-par'"),
    "only the message (Garage)": Answer(
        400,
        MALFORMED,
        "unexpected scope: 20261130/us-east-1/s3/aws4_request, expected: 20261130/fr-par/s3/aws4_request",
    ),
    "a header": Answer(400, "IllegalLocationConstraintException", headers={"x-amz-bucket-region": "fr-par"}),
    "a redirect": Answer(301, "PermanentRedirect", headers={"x-amz-bucket-region": "fr-par"}),
}


@pytest.mark.parametrize("answer", REGION_ANSWERS.values(), ids=REGION_ANSWERS)
@pytest.mark.parametrize("first", USES)
def test_the_region_is_taken_from_the_answer(answer: Answer, first: str, aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: answer if asked.region not in ("", "fr-par") else None) as server:
        store = open_bucket(server, aws_environment)
        if first == "read":
            with pytest.raises(ObjectMissing):
                USES[first](store)
        else:
            USES[first](store)
        server.asked.clear()
        store.write("clips/y", b"x")
        assert {asked.region for asked in server.asked} == {"fr-par"}
        assert _signed_region(store.share("clips/y", 60)) == "fr-par"


def test_the_region_of_r2(aws_environment: pytest.MonkeyPatch) -> None:
    message = "The region name 'us-east-1' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto"
    with relative(
        lambda asked: Answer(400, "InvalidRegionName", message) if asked.region != "auto" else None
    ) as server:
        check_works(open_bucket(server, aws_environment))


def test_a_link_is_the_first_use(aws_environment: pytest.MonkeyPatch) -> None:
    """Nobody corrects the region of a link: the server is asked, where no setting names it."""
    answer = REGION_ANSWERS["S3, Scaleway"]
    with relative(lambda asked: answer if asked.region not in ("", "fr-par") else None) as server:
        store = open_bucket(server, aws_environment)
        assert _signed_region(store.share("clips/y", 60)) == "fr-par"
        aws_environment.setenv("AWS_REGION", "fr-par")
        server.asked.clear()
        assert _signed_region(S3Store(store.url).share("clips/y", 60)) == "fr-par"
        assert server.asked == []


def test_no_link_is_signed_with_credentials_that_have_expired(aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: Answer(400, "ExpiredToken")) as server:
        store = open_bucket(server, aws_environment)
        with pytest.raises(CredentialsRefused, match="have expired"):
            store.share("clips/y", 60)


def test_a_region_that_no_answer_names(aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: Answer(400, MALFORMED, "malformed") if asked.region else None) as server:
        for error in errors_of_uses(server, aws_environment).values():
            assert isinstance(error, RegionWrong)
            assert "signed for us-east-1" in str(error)
            assert "Set AWS_REGION" in error.fix


AWS = {
    "a region": ({"AWS_DEFAULT_REGION": "eu-south-2"}, "my-bucket.s3.eu-south-2.amazonaws.com", "eu-south-2"),
    "ECS, EKS": ({"AWS_REGION": "eu-central-1"}, "my-bucket.s3.eu-central-1.amazonaws.com", "eu-central-1"),
    "both": (
        {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "us-west-2"},
        "my-bucket.s3.eu-west-3.amazonaws.com",
        "eu-west-3",
    ),
    "dual-stack": (
        {"AWS_ENDPOINT_URL": "https://s3.dualstack.eu-west-1.amazonaws.com"},
        "my-bucket.s3.dualstack.eu-west-1.amazonaws.com",
        "eu-west-1",
    ),
    "China": ({"AWS_REGION": "cn-north-1"}, "my-bucket.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
}


@pytest.mark.parametrize(("variables", "host", "region"), AWS.values(), ids=AWS)
def test_links_of_aws_name_the_regional_host(
    variables: dict[str, str], host: str, region: str, aws_environment: pytest.MonkeyPatch
) -> None:
    for name, value in {**servers.environment(""), **variables}.items():
        aws_environment.setenv(name, value)
    for name in {"AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"} - variables.keys():
        aws_environment.delenv(name)
    url = S3Store("s3://my-bucket/speech").share("batches/x/page.html", 3600)
    assert (urlsplit(url).hostname, _signed_region(url)) == (host, region)


def test_the_profile_sets_region_and_addressing(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = (
        "[profile p]\nregion = eu-north-1\nendpoint_url = https://s3.example.com\ns3 =\n  addressing_style = virtual\n"
    )
    (tmp_path / "config").write_text(profile)
    for name, value in servers.environment("").items():
        aws_environment.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        aws_environment.delenv(name)
    aws_environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws_environment.setenv("AWS_PROFILE", "p")
    url = S3Store("s3://my-bucket").share("x", 60)
    assert (urlsplit(url).hostname, _signed_region(url)) == ("my-bucket.s3.example.com", "eu-north-1")


def _signed_region(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].split("/")[2]


# --- addresses ------------------------------------------------------------------------------------------------


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name below localhost is this machine."""
    resolve = socket.getaddrinfo

    def find(host: str, *args: object, **options: object) -> object:
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", find)


VIRTUAL = ["SecondLevelDomainForbidden", "PathStyleDomainForbidden", "VirtualHostDomainRequired", "InvalidPathAccess"]


@pytest.mark.parametrize("code", VIRTUAL)
@pytest.mark.usefixtures("names")
def test_the_bucket_moves_into_the_host_name(code: str, aws_environment: pytest.MonkeyPatch) -> None:
    def wrapper(asked: Asked) -> Answer | None:
        if not asked.host.startswith(f"{BUCKET}."):
            return Answer(403, code)
        asked.environ["HTTP_HOST"] = "127.0.0.1"
        asked.move(f"/{BUCKET}{asked.path}")
        return None

    with relative(wrapper) as server:
        store = open_bucket(server, aws_environment, f"http://localhost:{server.port}")
        check_works(store)
        assert urlsplit(store.share("x", 60)).hostname == f"{BUCKET}.localhost"
        for error in errors_of_uses(server, aws_environment).values():  # a number has no names below it
            assert "set AWS_ENDPOINT_URL to a name" in error.fix


def test_a_server_below_a_path(aws_environment: pytest.MonkeyPatch) -> None:
    def wrapper(asked: Asked) -> Answer | None:
        if not asked.path.startswith("/storage/v1/s3/"):
            return Answer(404, body=b"no such page", headers={"Content-Type": "text/plain"})
        asked.move(asked.path.removeprefix("/storage/v1/s3"))
        return None

    with relative(wrapper) as server:
        check_works(open_bucket(server, aws_environment, f"{server.endpoint}/storage/v1/s3"))
        for error in errors_of_uses(server, aws_environment).values():
            assert isinstance(error, EndpointWrong)
            assert "or not with this path: it answered 404" in str(error)


@pytest.mark.parametrize(
    ("endpoint", "right"),
    [
        ("https://my-bucket.s3.eu-central-1.amazonaws.com", "https://s3.eu-central-1.amazonaws.com"),
        ("https://other.s3.us-west-004.backblazeb2.com", "https://s3.us-west-004.backblazeb2.com"),
        ("https://abc123.r2.cloudflarestorage.com/my-bucket", "https://abc123.r2.cloudflarestorage.com"),
    ],
)
def test_a_bucket_in_the_endpoint_of_a_provider(endpoint: str, right: str, aws_environment: pytest.MonkeyPatch) -> None:
    for name, value in servers.environment(endpoint).items():
        aws_environment.setenv(name, value)
    for use in (*USES.values(), lambda store: store.share("x", 60)):
        with pytest.raises(BucketInEndpoint, match=f"Set AWS_ENDPOINT_URL={right}, and name the bucket in F5_STORE"):
            use(S3Store("s3://my-bucket/speech"))


@pytest.mark.usefixtures("names")
def test_a_bucket_in_another_endpoint(aws_environment: pytest.MonkeyPatch) -> None:
    """Only the server's answer shows whether a path or a host that is named as the bucket is the bucket."""

    def wrapper(asked: Asked) -> Answer | None:
        if asked.host.startswith(f"{BUCKET}."):
            asked.environ["HTTP_HOST"] = "127.0.0.1"
            asked.move(f"/{BUCKET}{asked.path}")
        return None

    with relative(wrapper) as server:
        for endpoint in (f"{server.endpoint}/{BUCKET}", f"http://{BUCKET}.localhost:{server.port}"):
            for error in errors_of_uses(server, aws_environment, endpoint=endpoint).values():
                assert isinstance(error, BucketInEndpoint)
    with relative(lambda asked: asked.move(asked.path.removeprefix(f"/{BUCKET}"))) as server:  # served below /bkt
        check_works(open_bucket(server, aws_environment, f"{server.endpoint}/{BUCKET}"))


def test_a_missing_bucket_is_no_missing_object(aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: None) as server:
        for error in errors_of_uses(server, aws_environment, bucket="no-such-bucket").values():
            assert isinstance(error, BucketMissing)


HTML = {"Content-Type": "text/html"}
CONSOLE = "S3 API Requests must be made to API port."
NO_S3 = {
    "MinIO's console": (Answer(400, "InvalidArgument", CONSOLE), "is the console of the server", "9000"),
    "an older one": (Answer(403, "AccessDenied", f"S3 API Request made to Console port. {CONSOLE}"), "console", "9000"),
    "a web server": (Answer(404, body=b"<html>", headers=HTML), "is no S3 service", "host, port and path"),
    "a web application": (
        Answer(200, body=b"<!doctype html><p>Hello<br>", headers=HTML),
        "did not answer as",
        "console",
    ),
    "an API": (
        Answer(404, body=b'{"detail": "Not Found"}', headers={"Content-Type": "application/json"}),
        "json",
        "host",
    ),
    "a method that is not allowed": (Answer(405, body=b"<html>", headers=HTML), "it answered 405", "host"),
    "a password": (Answer(401, body=b"<html>", headers=HTML), "a proxy before it refuses", "host"),
    "a firewall": (Answer(403, body=b"<html>blocked", headers=HTML), "a proxy before it refuses", "host"),
    "https elsewhere": (
        Answer(301, body=b"moved", headers={"Location": "https://s3.example.com/x"}),
        "redirects to https://s3.example.com",
        "AWS_ENDPOINT_URL=https://s3.example.com",
    ),
}


@pytest.mark.parametrize(("answer", "reason", "fix"), NO_S3.values(), ids=NO_S3)
def test_an_address_that_is_no_s3_service(
    answer: Answer, reason: str, fix: str, aws_environment: pytest.MonkeyPatch
) -> None:
    with relative(lambda asked: answer) as server:
        for error in errors_of_uses(server, aws_environment).values():
            assert isinstance(error, EndpointWrong)
            assert not error.transient
            assert server.endpoint in str(error)
            assert reason in str(error)
            assert fix in error.fix
        assert len(server.asked) <= 2 * len(USES)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(command, check=True, capture_output=True)
    return paths


def test_http_and_https_are_confused(certificate: tuple[Path, Path], aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: None, certificate) as server:
        plain = server.endpoint.replace("https:", "http:")
        for error in errors_of_uses(server, aws_environment, endpoint=plain).values():
            assert f"Set AWS_ENDPOINT_URL={server.endpoint}." in error.fix
        for error in errors_of_uses(server, aws_environment).values():
            assert "AWS_CA_BUNDLE" in error.fix
        aws_environment.setenv("AWS_CA_BUNDLE", str(certificate[0]))
        check_works(open_bucket(server, aws_environment))
    aws_environment.delenv("AWS_CA_BUNDLE")
    with relative(lambda asked: None) as server:
        secure = server.endpoint.replace("http:", "https:")
        for error in errors_of_uses(server, aws_environment, endpoint=secure).values():
            assert f"Set AWS_ENDPOINT_URL={server.endpoint}" in error.fix


def test_a_port_that_speaks_another_protocol(aws_environment: pytest.MonkeyPatch) -> None:
    def greet() -> None:
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                connection.recv(1 << 16)

    with socket.create_server(("127.0.0.1", 0)) as listener, relative(lambda asked: None) as server:
        threading.Thread(target=greet, daemon=True).start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for use in ("list", "stat", "read"):
            with pytest.raises(EndpointWrong, match=f"{endpoint} does not speak HTTP"):
                USES[use](open_bucket(server, aws_environment, endpoint))


def test_a_host_that_does_not_exist(aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: None) as server:
        for error in errors_of_uses(server, aws_environment, endpoint="http://no-such-host.invalid").values():
            assert isinstance(error, ServerUnreachable)
            assert error.lasting
            assert error.attempts == 3
            assert "http://no-such-host.invalid cannot be reached" in str(error)
            assert "AWS_ENDPOINT_URL" in error.fix


# --- credentials, permissions, encryption ---------------------------------------------------------------------

REFUSALS = {
    "expired": (Answer(400, "ExpiredToken"), CredentialsRefused, "have expired: get new ones"),
    "another token": (Answer(400, "InvalidToken"), CredentialsRefused, "AWS_SESSION_TOKEN does not belong"),
    "an unknown key": (Answer(403, "InvalidAccessKeyId"), CredentialsRefused, "does not know AWS_ACCESS_KEY_ID"),
    "another secret": (
        Answer(403, "SignatureDoesNotMatch"),
        CredentialsRefused,
        "AWS_SECRET_ACCESS_KEY does not match",
    ),
    "the account": (Answer(403, "AccountProblem"), AccessRefused, "the account of these credentials"),
    "an archive": (Answer(403, "InvalidObjectState"), AccessRefused, "Glacier"),
    "a full bucket": (Answer(403, "QuotaExceeded"), RequestNotAccepted, "raise its quota"),
    "a key that is disabled": (Answer(400, "KMS.DisabledException"), RequestNotAccepted, "F5_S3_SSE_KMS_KEY_ID"),
}


@pytest.mark.parametrize(("answer", "kind", "fix"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_told_by_its_code(
    answer: Answer, kind: type[StoreUnusable], fix: str, aws_environment: pytest.MonkeyPatch
) -> None:
    """Also that of a HEAD, which has no body: it is asked again in a form that has one."""
    with relative(lambda asked: answer) as server:
        for error in errors_of_uses(server, aws_environment).values():
            assert isinstance(error, kind)
            assert not error.transient
            assert fix in error.fix
            assert answer.code in str(error)


def test_the_message_of_a_policy_is_shown(aws_environment: pytest.MonkeyPatch) -> None:
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:PutObject with an explicit deny"
    with relative(lambda asked: Answer(403, "AccessDenied", message) if is_put(asked) else None) as server:
        store = open_bucket(server, aws_environment)
        with pytest.raises(AccessRefused, match="with an explicit deny"):
            store.write("x", b"x")


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms", "aws:kms:dsse"])
def test_a_policy_that_demands_encryption(algorithm: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def wrapper(asked: Asked) -> Answer | None:
        writes = is_put(asked) or asked.query == "uploads"
        sent = asked.headers.get("x-amz-server-side-encryption")
        refused = writes and sent != algorithm and "partNumber" not in asked.query
        return Answer(403, "AccessDenied", "Access Denied") if refused else None

    (tmp_path / "large").write_bytes(bytes(9 << 20))
    with relative(wrapper) as server:
        for use in (USES["write"], USES["create"], lambda store: store.upload(tmp_path / "large", "large")):
            with pytest.raises(AccessRefused, match="F5_S3_SSE=AES256 or F5_S3_SSE=aws:kms"):
                use(open_bucket(server, aws_environment))
        aws_environment.setenv("F5_S3_SSE", algorithm)
        if algorithm != "AES256":
            aws_environment.setenv("F5_S3_SSE_KMS_KEY_ID", "arn:aws:kms:us-east-1:1:key/2")
        store = open_bucket(server, aws_environment)
        check_works(store)
        store.upload(tmp_path / "large", "large")
        assert len(store.read("large")) == 9 << 20
        keys = {
            asked.headers.get("x-amz-server-side-encryption-aws-kms-key-id") for asked in server.asked if is_put(asked)
        }
        assert ("arn:aws:kms:us-east-1:1:key/2" in keys) == (algorithm != "AES256")
    with relative(lambda asked: Answer(403, "AccessDenied") if is_put(asked) else None) as server:
        store = open_bucket(server, aws_environment)
        with pytest.raises(AccessRefused, match="another encryption than F5_S3_SSE"):
            store.write("x", b"x")


def test_new_keys_in_the_file_are_used(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program renews them while a batch runs."""
    keys = "[default]\naws_access_key_id = {}\naws_secret_access_key = SECRETKEY1234567\n"
    with relative(
        lambda asked: Answer(400, "ExpiredToken") if "OLDKEY" in asked.headers.get("authorization", "") else None
    ) as server:
        store = open_bucket(server, aws_environment)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            aws_environment.delenv(name)
        (tmp_path / "credentials").write_text(keys.format("OLDKEY"))
        aws_environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        with pytest.raises(CredentialsRefused):
            store.write("x", b"x")
        (tmp_path / "credentials").write_text(keys.format("NEWKEY"))
        store.write("x", b"x")


def test_a_profile_that_does_not_exist(aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: None) as server:
        aws_environment.setenv("AWS_PROFILE", "nobody")
        for error in errors_of_uses(server, aws_environment).values():
            assert isinstance(error, SignInExpired)
            assert "AWS_PROFILE" in error.fix


# --- conditional writes ---------------------------------------------------------------------------------------

CONDITIONAL = {
    "501 (Backblaze B2)": Answer(501, "NotImplemented"),
    "400": Answer(400, "InvalidArgument", "Unsupported header 'if-none-match' received for this API call."),
    "404 (Ceph)": Answer(404, "NoSuchKey"),
    "405": Answer(405, "MethodNotAllowed"),
    "412 for what does not exist": Answer(412, "PreconditionFailed"),
    "a proxy that removes the header": Answer(403, "SignatureDoesNotMatch"),
}


@pytest.mark.parametrize("answer", CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_server_without_conditional_writes(answer: Answer, aws_environment: pytest.MonkeyPatch) -> None:
    with relative(lambda asked: answer if "if-none-match" in asked.headers else None) as server:
        store = open_bucket(server, aws_environment)
        check_works(store)
        server.asked.clear()
        assert store.create("clips/z", b"x") is not None
        assert [asked.method for asked in server.asked] == ["HEAD", "PUT"]
