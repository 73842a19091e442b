"""The boto3 client of a bucket: its region, addressing and credentials, and what the server's answers change there.

Nothing is asked in advance. A server that expects another region, or the bucket in the host name, says so in its answer
to any request: the client is made anew, and the request is sent again. (botocore itself follows the answers of AWS to a
wrong region; this is for the others.) What an error means is in ``s3_errors``.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from f5_pipeline.errors import BadSetting, BucketInEndpoint
from f5_pipeline.settings.credentials import refuse_credentials
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.answers import timestamp
from f5_pipeline.storage.parallel import PARALLEL
from f5_pipeline.storage.s3_address import (
    DEFAULT_REGION,
    is_ip_address,
    may_have_bucket,
    read_address,
    region_of,
    with_region,
    without_bucket,
)
from f5_pipeline.storage.s3_answers import EXPIRED, WANTS_VIRTUAL_HOSTED, code_in, region_in

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

CONNECT_TIMEOUT, READ_TIMEOUT = 10, 60  # seconds
_CHANGES = 3  # of a client for one request: region, addressing, credentials


class Redirected(Exception):
    """A redirect that no S3 server sends. ``location``: where it leads; "" if it does not say."""

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(location)


@dataclass(frozen=True)
class _Options:
    """What the server's answers have changed."""

    region: str = ""  # "": by ``region_of``
    endpoint: str = ""  # "": boto3's own setting
    virtual_hosted: bool = False


class BucketClient:
    """The client of one bucket, made at the first use and in each process anew: a forked child has its own connections.

    Attributes:
        answered: True once the server has answered a request as an S3 server does.
        endpoint: the server's address; a variable's name before the client is made.
        signed_region: the region of the last signature; "" before the first.
        skew_seconds: this machine's clock minus the server's; None if no answer had a time.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._lock = threading.Lock()
        self._options = _Options()
        self._clients: dict[int, Any] = {}  # by process id
        self._file_keys: tuple[str, ...] | None = None
        self._region_is_guessed = False
        self.answered = False
        self.endpoint = "AWS_ENDPOINT_URL"
        self.signed_region = ""
        self.skew_seconds: float | None = None

    def get(self) -> Any:
        """The boto3 client. Sends no request, unless the endpoint may have the bucket's name in it.

        Raises:
            BadSetting: the endpoint is no URL, or has credentials.
            BucketInEndpoint: it has the name of a bucket.
        """
        with self._lock:
            client: Any = self._clients.get(os.getpid())
            if client is None:
                client = self._make()
                self._clients = {os.getpid(): client}
            return client

    def send(self, call: Callable[[Any], _T]) -> _T:
        """``call(client)``; again, with another client, if the answer says how requests have to be addressed."""
        from botocore.exceptions import ClientError

        for changes_left in range(_CHANGES, -1, -1):
            client = self.get()
            try:
                result = call(client)
            except ClientError as error:
                self.answered |= _is_answer_of_s3(error.response)
                if not changes_left or not self._changed_by(client, error.response):
                    raise
            else:
                self.answered = True
                return result
        raise AssertionError("the last attempt returns or raises")

    @cached_property
    def encryption(self) -> dict[str, str]:
        """The parameters of requests that write, by ``F5_S3_SSE`` and ``F5_S3_SSE_KMS_KEY_ID``."""
        settings = load_settings()
        if settings.s3_sse is None:
            return {}
        key = {"SSEKMSKeyId": settings.s3_sse_kms_key_id} if settings.s3_sse_kms_key_id else {}
        return {"ServerSideEncryption": settings.s3_sse, **key}

    def confirm_region(self) -> None:
        """Sign for the region that the server has named: a link cannot be corrected later.

        It is asked once if no setting names the region and no request was sent before.

        Raises:
            ClientError: the credentials have expired, as the link would have.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.get()
        if self._region_is_guessed and not self.answered:
            self._region_is_guessed = False
            try:
                with suppress(BotoCoreError):  # the link may be opened from elsewhere
                    self.send(lambda client: client.list_objects_v2(Bucket=self._bucket, MaxKeys=1))
            except ClientError as error:
                if code_in(error.response) in EXPIRED:
                    raise
        with self._lock:
            if self.signed_region not in ("", client.meta.region_name):  # botocore has followed an answer
                self._options, self._clients = replace(self._options, region=self.signed_region), {}

    def _make(self) -> Any:
        import boto3

        session = boto3.session.Session()
        configured = self._options.region or session.region_name
        client = _client(session, region_of(os.environ, configured, ""), self._options)
        endpoint = client.meta.endpoint_url
        refuse_credentials({"AWS_ENDPOINT_URL": endpoint}, "Environment")  # may be from ~/.aws/config
        self.endpoint = str(endpoint)
        address = read_address(endpoint)
        variables = {} if self._options.region else os.environ
        region = region_of(variables, configured, endpoint)
        named = variables.get("AWS_REGION") or configured
        doubted = address.region not in ("", named) if named else address.region in ("", DEFAULT_REGION)
        self._region_is_guessed = doubted and not self._options.region
        style = (client.meta.config.s3 or {}).get("addressing_style", "auto")
        virtual_hosted = self._options.virtual_hosted or (style == "auto" and address.virtual_hosted)
        if region != client.meta.region_name or virtual_hosted:
            client = _client(session, region, replace(self._options, virtual_hosted=virtual_hosted))
        self._file_keys = _keys_of_file(session)
        self._observe(client)
        self._check_endpoint(client)
        return client

    def _observe(self, client: Any) -> None:
        """Record what requests and answers show, for the doctor."""

        def before_sign(request: Any, region_name: str, **_: Any) -> None:
            self.signed_region = request.context.get("signing", {}).get("region") or region_name

        def received(response_dict: Mapping[str, Any] | None = None, **_: Any) -> None:
            server = timestamp((response_dict or {}).get("headers", {}).get("date", ""))
            if server is not None:
                self.skew_seconds = time.time() - server

        client.meta.events.register_first("needs-retry.s3", _refuse_redirects)
        client.meta.events.register("before-sign.s3", before_sign)
        client.meta.events.register("response-received.s3", received)

    def _check_endpoint(self, client: Any) -> None:
        """Refuse an endpoint with the bucket's name in it: requests would name the bucket twice."""
        from botocore.exceptions import BotoCoreError, ClientError

        endpoint = client.meta.endpoint_url
        right = without_bucket(endpoint, self._bucket)
        suspected = may_have_bucket(endpoint, self._bucket)
        if not right and suspected and not self._options.endpoint:
            try:
                client.list_objects_v2(Bucket=self._bucket, MaxKeys=1)
            except ClientError as error:  # the server took the second name for a key
                right = suspected if _is_answer_of_s3(error.response) else ""
            except (BotoCoreError, ValueError):
                return  # the request that follows says what is wrong
        if right:
            raise BucketInEndpoint(endpoint, right)

    def _changed_by(self, client: Any, answer: Mapping[str, Any]) -> bool:
        """True if the answer to this client changes the client, or another thread has changed it meanwhile."""
        with self._lock:
            current: Any = self._clients.get(os.getpid())
            if current is not client:
                return True
            options = self._options_after(client, answer)
            code = code_in(answer)
            if options == self._options and not (code in EXPIRED and self._file_has_new_keys()):
                return False
            change = _described(self._options, options)
            _log.info("%s answered %s: trying again %s", client.meta.endpoint_url, code, change)
            self._options, self._clients = options, {}
            return True

    def _options_after(self, client: Any, answer: Mapping[str, Any]) -> _Options:
        endpoint, options = client.meta.endpoint_url, self._options
        if code_in(answer) in WANTS_VIRTUAL_HOSTED and not is_ip_address(endpoint):
            options = replace(options, virtual_hosted=True)
        region = region_in(answer)
        if region and region != client.meta.region_name:
            moved = with_region(endpoint, region) if code_in(answer) == "PermanentRedirect" else ""
            options = replace(options, region=region, endpoint=moved or options.endpoint)
        return options

    def _file_has_new_keys(self) -> bool:
        """True if the file with the credentials has others now: something renews them."""
        import boto3

        return self._file_keys is not None and self._file_keys != _keys_of_file(boto3.session.Session())


def _refuse_redirects(response: Any = None, **_: Any) -> None:
    """Raise ``Redirected`` for a redirect of a web server. botocore would ask it for the region, for ever."""
    if response is None or response[0].status_code not in (301, 302, 303, 307, 308):
        return
    headers = response[0].headers
    if not code_in(response[1]) and "x-amz-bucket-region" not in headers:
        raise Redirected(headers.get("location", ""))


def _described(old: _Options, new: _Options) -> str:
    """What is different now, for the log."""
    changes = [f"at {new.endpoint}"] if new.endpoint != old.endpoint else []
    changes += [f"signed for the region {new.region}"] if new.region != old.region else []
    changes += ["with the bucket in the host name"] if new.virtual_hosted != old.virtual_hosted else []
    return " and ".join(changes) or "with the new credentials of the file"


def configured_region() -> str:
    """The region that a variable or the profile sets; "" if none does."""
    import boto3

    return os.environ.get("AWS_REGION") or boto3.session.Session().region_name or ""


def _client(session: Any, region: str, options: _Options) -> Any:
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=2 * PARALLEL,
        tcp_keepalive=True,
        s3={"addressing_style": "virtual"} if options.virtual_hosted else None,
    )
    try:
        return session.client("s3", config=config, region_name=region, endpoint_url=options.endpoint or None)
    except ValueError as error:
        raise BadSetting("Environment", "AWS_ENDPOINT_URL", f"{error}.") from None


def _keys_of_file(session: Any) -> tuple[str, ...] | None:
    """The credentials that a file has, which a program may renew; None if they are from elsewhere."""
    found = session.get_credentials()
    if found is None or found.method not in ("shared-credentials-file", "config-file"):
        return None
    return found.access_key, found.secret_key, found.token or ""


def _is_answer_of_s3(answer: Mapping[str, Any]) -> bool:
    """True if only an S3 server with this bucket gives this error response."""
    return code_in(answer) == "NoSuchKey"
