"""Our errors for requests that no S3 server has answered: no credentials, no connection, another program's answer."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from f5_pipeline.errors import (
    CredentialsMissing,
    EndpointWrong,
    F5PipelineError,
    ServerUnreachable,
    SignInExpired,
    StoreBusy,
    StoreUnusable,
)
from f5_pipeline.storage.answers import is_unknown_host, reason_of, root_cause
from f5_pipeline.storage.s3_answers import shortened
from f5_pipeline.storage.s3_client import READ_TIMEOUT

_TLS_SECONDS = 3.0


@dataclass(frozen=True)
class Request:
    """What messages say of a request.

    Attributes:
        url: the URL of the store.
        doing: the operation: "reading voices/anna.wav".
        location: the address of the object, for ``ObjectMissing``.
        endpoint: the address of the server, without credentials.
        region: the region that it was signed for.
        answered: True if the server has answered another request as an S3 server does.
        encrypted: True if it asks for encryption.
        skew_seconds: this machine's clock minus the server's, in seconds; 0 if that is unknown.
    """

    url: str
    doing: str
    location: str
    endpoint: str
    region: str = ""
    answered: bool = False
    encrypted: bool = False
    skew_seconds: float = 0.0


def from_failure(error: Exception, request: Request) -> F5PipelineError:
    """Our error for a request that got no response, or was not sent."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    text, url, doing, endpoint = shortened(str(error)), request.url, request.doing, request.endpoint
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return CredentialsMissing(url)
    if (fix := _sign_in_fix(error)) is not None:
        return SignInExpired(url, f"getting credentials failed: {text}.", fix)
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE" in text.upper():
        fix = "If the server uses a private certificate authority, name its file in AWS_CA_BUNDLE."
        return StoreUnusable(url, f"the certificate of {endpoint} is not trusted.", fix)
    if isinstance(error, exceptions.SSLError) and re.search(r"WRONG_VERSION_NUMBER|RECORD_LAYER|HTTP_REQUEST", text):
        right = endpoint.replace("https://", "http://", 1)
        fix = f"Set AWS_ENDPOINT_URL={right}, or to the port that speaks https."
        return EndpointWrong(url, doing, endpoint, "does not speak https", fix)
    if isinstance(error, ResponseParserError) and not request.answered:
        return from_invalid(text, request)
    broken = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)
    if isinstance(error, (*broken, ResponseParserError, HTTPError)):
        return _from_broken(error, request)
    return StoreUnusable(url, f"{doing} failed: {text}.", "Check F5_STORE and the AWS_… settings.")


def _from_broken(error: Exception, request: Request) -> StoreUnusable:
    """Our error for a connection that could not be opened, or has brought no whole answer."""
    from botocore import exceptions

    url, doing, endpoint = request.url, request.doing, request.endpoint
    if not request.answered and should_be_https(endpoint):
        return https_wanted(request)
    cause = root_cause(error)
    if type(cause) is http.client.BadStatusLine and not request.answered:
        fix = "Set AWS_ENDPOINT_URL to the port of the S3 service."
        return EndpointWrong(url, doing, endpoint, "does not speak HTTP", fix)
    if isinstance(error, (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError)):
        if not request.answered:
            return ServerUnreachable(url, doing, endpoint, reason_of(error), lasting=is_unknown_host(error))
        return StoreBusy(url, doing, f"{endpoint} cannot be reached ({reason_of(error)})")
    if isinstance(error, exceptions.ReadTimeoutError):
        return StoreBusy(url, doing, f"{endpoint} has sent nothing for {READ_TIMEOUT} s")
    if isinstance(error, exceptions.ConnectionClosedError):
        return StoreBusy(url, doing, f"{endpoint} has closed the connection")
    return StoreBusy(url, doing, f"{shortened(str(error))} (endpoint {endpoint})")


def from_invalid(defect: str, request: Request) -> StoreUnusable:
    """Our error for an answer of success without S3's content. The first one is of a wrong address, most likely."""
    if request.answered:
        detail = f"{request.endpoint} did not answer as an S3 server does ({defect})"
        return StoreBusy(request.url, request.doing, detail)
    reason = f"did not answer as an S3 server does: {defect}"
    fix = "Set AWS_ENDPOINT_URL to the address of the S3 service, not of a console or website."
    return EndpointWrong(request.url, request.doing, request.endpoint, reason, fix)


def from_redirect(location: str, request: Request) -> StoreUnusable:
    """Our error for a redirect of a web server."""
    target = urlsplit(location)
    if request.answered or not target.hostname:
        return from_invalid("it redirects to another address" if location else "it redirects nowhere", request)
    where = f"{target.scheme}://{target.netloc}"
    fix = f"If that is the S3 service, set AWS_ENDPOINT_URL={where}; else a network may ask for a login."
    return EndpointWrong(request.url, request.doing, request.endpoint, f"redirects to {where}", fix)


def https_wanted(request: Request) -> EndpointWrong:
    right = request.endpoint.replace("http://", "https://", 1)
    return EndpointWrong(
        request.url, request.doing, request.endpoint, "expects https", f"Set AWS_ENDPOINT_URL={right}."
    )


def should_be_https(endpoint: str) -> bool:
    """True if an http:// endpoint answers a TLS handshake."""
    parts = urlsplit(endpoint)
    if parts.scheme != "http" or not parts.hostname:
        return False
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only to learn if it is TLS; nothing is sent
    with (
        suppress(OSError, ValueError),
        socket.create_connection((parts.hostname, parts.port or 80), _TLS_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=parts.hostname),
    ):
        return True
    return False


def _sign_in_fix(error: Exception) -> str | None:
    """What to do if boto3 cannot get credentials; None for any other error."""
    from botocore import exceptions

    sso = (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.SSOTokenLoadError)
    if isinstance(error, sso):
        return "Sign in again: aws sso login (with --profile, if AWS_PROFILE is set)."
    if isinstance(error, exceptions.ProfileNotFound):
        return "Check AWS_PROFILE, and the profiles in ~/.aws/config."
    others = (exceptions.CredentialRetrievalError, exceptions.InvalidConfigError, exceptions.MetadataRetrievalError)
    if isinstance(error, (*others, exceptions.ConfigParseError, exceptions.MissingDependencyException)):
        return "Check AWS_PROFILE and its settings in ~/.aws/config and ~/.aws/credentials."
    return None
