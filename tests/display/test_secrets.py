"""Secrets in texts of any origin: addresses in all their forms, parts that libraries quote, values that are known."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from f5_pipeline.display import secrets
from f5_pipeline.display.logs import protect_logs
from f5_pipeline.display.secrets import (
    has_credentials,
    learn_address,
    learn_secrets,
    public_address,
    redact,
    without_secrets,
)
from f5_pipeline.errors import DownloadFailed, F5PipelineError


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())


#: An address, and what is shown of it.
ADDRESSES = [
    ("https://host/a/b.whl", "https://host/a/b.whl"),
    ("https://user:S3CRET@host:8443/a", "https://host:8443/a"),
    ("https://S3CRET@host/a", "https://host/a"),
    ("https://host/a?token=S3CRET&x=1#part", "https://host/a"),
    ("s3://AKIA:S3CRET@bucket/prefix", "s3://bucket/prefix"),
    ("http://u:p@[::1]:9000/a", "http://[::1]:9000/a"),
    ("hf://owner/repo@main/model.pt", "hf://owner/repo@main/model.pt"),
    ("https://host/@scope/package", "https://host/@scope/package"),
    ("https://u:S3@CRET@host/a", "https://host/a"),
    ("https://u:S3/CRET@host/a", "https://…"),  # where the host begins is not certain
    ("https://u:S3@x/CRET@host/a", "https://…"),
    ("https://u:S3?CRET@host/a", "https://…"),
    ("folder/of?mine@home", "folder/of?mine@home"),
    ("", ""),
]


@pytest.mark.parametrize(("address", "shown"), ADDRESSES)
def test_what_is_shown_of_an_address(address: str, shown: str) -> None:
    assert public_address(address) == shown
    assert has_credentials(address) == (shown != address)


#: A message, and what is shown of it. The secrets are not known: only the form gives them away.
MESSAGES = [
    ("Download of https://u:S3CRET@host/a failed.", "Download of https://host/a failed."),
    ("(see https://host/a?sig=S3CRET).", "(see https://host/a)."),
    ("https://a/x?t=S3CRET: timed out; 'http://b/y?t=S3CRET'", "https://a/x: timed out; 'http://b/y'"),
    (  # urllib3
        "HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /a/b?X-Amz-Signature=S3CRET (Caused",
        "HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /a/b (Caused",
    ),
    ("Failed to parse: u:S3CRET@host/a", "Failed to parse: …@host/a"),  # urllib3
    ("No such file: 'https:/u:S3CRET@host/a'", "No such file: 'https:/…@host/a'"),  # a pathlib.Path of an address
    ("refused X-Amz-Security-Token=S3CRET&X-Amz-Date=2", "refused X-Amz-Security-Token=…&X-Amz-Date=2"),
    ("sig=S3CRET se=2026", "sig=… se=2026"),
    ("Row 3: at 12:30 mail a@b.org, is it a/b? x = y.", "Row 3: at 12:30 mail a@b.org, is it a/b? x = y."),
    ("http://[::1]:9000 does not answer", "http://[::1]:9000 does not answer"),
]


@pytest.mark.parametrize(("message", "shown"), MESSAGES)
def test_secrets_are_removed_by_their_form(message: str, shown: str) -> None:
    assert redact(message) == shown
    assert str(F5PipelineError(message, "")).startswith(shown)


#: A variable, and a message that quotes its secret without the form of an address.
VARIABLES = [
    ("AWS_SECRET_ACCESS_KEY", "S3CRET/VALUE", "key S3CRET/VALUE"),
    ("AWS_SESSION_TOKEN", "S3CRET/VALUE", "S3CRET/VALUE"),
    ("HF_TOKEN", "S3CRETVALUE", "Bearer S3CRETVALUE"),
    ("PGPASSWORD", "S3CRETVALUE", "S3CRETVALUE"),
    ("https_proxy", "http://user:S3CRETVALUE@proxy:3128", "S3CRETVALUE"),
    ("http_proxy", "user:S3CRETVALUE@proxy:3128", "S3CRETVALUE"),
    ("F5_WHEELS", "https://u:S3CRET%2FVALUE@host/", "S3CRET/VALUE or S3CRET%2FVALUE"),
    ("F5_WHEELS", "https://u:S3CRET VALUE@host/", "https://u:S3CRET VALUE@host/"),
    ("F5_WHEELS", "https://u:S3CRET/VALUE@host/", "S3CRET/VALUE"),
    ("F5_WHEELS", "https://host/a?token=S3CRETVALUE&b=c", "S3CRETVALUE"),
    ("F5_FLASH_ATTN", "https://S3CRETVALUES3CRETVALUE:x-oauth-basic@host/", "S3CRETVALUES3CRETVALUE"),
    ("PIP_EXTRA_INDEX_URL", "https://a/ https://u:S3CRETVALUE@b/", "S3CRETVALUE"),
]


@pytest.mark.parametrize(("name", "value", "message"), VARIABLES)
def test_secrets_of_variables_are_removed_wherever_they_appear(name: str, value: str, message: str) -> None:
    learn_secrets({name: value})
    assert "S3CRET" not in redact(message)
    assert "VALUE" not in redact(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/secrets/token"),  # a path
        ("API_TOKEN", "none"),  # too short to be removed from every text
        ("F5_STORE", "/data/production"),
        ("EMAIL", "john.somebody@example.org"),
        ("F5_WHEELS", "http://production:8080/pkg/@scope"),
    ],
)
def test_ordinary_values_stay(name: str, value: str) -> None:
    learn_secrets({name: value})
    assert redact(f"The value {value} is shown.") == f"The value {value} is shown."
    assert redact("The folder /home/john.somebody") == "The folder /home/john.somebody"


def test_causes_of_an_error_lose_their_secrets() -> None:
    error = DownloadFailed("https://host/a", "it broke")
    error.__cause__ = ValueError("c")
    error.__cause__.__cause__ = OSError("/a?token=S3CRET")
    assert without_secrets(error) is error
    assert str(error.__cause__) == "c"
    assert str(error.__cause__.__cause__) == "OSError: /a"


def test_an_error_without_secrets_is_unchanged() -> None:
    error, cause = KeyError("a"), ValueError("b")
    error.__context__ = cause
    assert without_secrets(error) is error
    assert error.__cause__ is None


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    before = logging.getLogRecordFactory()
    protect_logs()
    yield caplog
    logging.setLogRecordFactory(before)


def test_logs_of_libraries_have_no_secrets(records: pytest.LogCaptureFixture) -> None:
    secret = "S3CRETVALUE"
    learn_address(f"https://host/?t={secret}")
    log = logging.getLogger("urllib3.connectionpool")
    log.warning("Retrying %s after %d tries", "/a?sig=S3CRET", 3)
    try:
        raise OSError(secret)
    except OSError:
        log.exception("failed")
    assert "S3CRET" not in records.text
    assert "Retrying /a after 3 tries" in records.text
    assert "OSError: …" in records.text


def test_names_in_our_own_logs_cannot_begin_a_line(records: pytest.LogCaptureFixture) -> None:
    logging.getLogger("f5_pipeline.storage.local").warning("Ignored: %s", "a\nWARNING forged\x1b[2J")
    assert records.messages == ["Ignored: a WARNING forged\ufffd[2J"]
