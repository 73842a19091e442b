"""Secrets are removed from texts before they are shown: in messages, logs, findings and Dagster's records.

Two mechanisms, because libraries quote addresses and their parts in many forms:

* the form: the user info and the query of an address are removed, and the values of signing parameters;
* the value: passwords and keys in the environment are known (``learn_secrets``), and removed wherever they appear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn
from urllib.parse import parse_qsl, quote, unquote

_HIDDEN = "…"
_SHORTEST = 8  # characters: a shorter value could be an ordinary word, and is hidden only by the form of its address
_TOKEN_AS_USER = 20  # characters: a user name of this length is a token, as in https://TOKEN:x-oauth-basic@github.com

_SECRET_NAME = re.compile(r"(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY(_ID)?)$", re.I)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.I)
_HOST = re.compile(r"([^:\[\]]*|\[[^\[\]]*\])(:\d*)?")
_TRAILING = ".,:;!)"  # punctuation of the sentence around an address
#: What remains of an address that a library has taken apart: "user:password@host", "/path?token=…".
_USER_INFO = re.compile(r"[\w.+%~-]+:[^\s/@'\"]+@(?=[\w\[])")
_QUERY = re.compile(r"(/[^\s?'\"<>]*)\?[\w.~%+-]+=[^\s'\"<>)\]]*")
_PARAMETER = re.compile(
    r"\b((?:x-(?:amz|goog)-)?(?:signature|credential|security-token)|sig|\w*token|\w*password|awsaccesskeyid)"
    r"=[^\s&'\",;)]+",
    re.I,
)

_known: set[str] = set()


def learn_secrets(variables: Mapping[str, str]) -> None:
    """Remember the secrets of environment variables: values with a secret's name, and secret parts of addresses."""
    for name, value in variables.items():
        if _SECRET_NAME.search(name):
            _remember(value)
        learn_address(value)


def learn_address(address: str) -> None:
    """Remember the passwords, and the values of the query, of an address or a list of them; nothing if it has none."""
    for each in address.split() if address.count("://") > 1 else [address]:
        for secret in _secrets_of(each):
            _remember(secret)


def redact(text: str) -> str:
    """A text of any origin without secrets."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    if "://" in text:
        text = _ADDRESS.sub(_public_match, text)
    if "@" in text:
        text = _USER_INFO.sub(f"{_HIDDEN}@", text)
    if "=" in text:
        text = _PARAMETER.sub(rf"\1={_HIDDEN}", _QUERY.sub(r"\1", text))
    return text


def public_address(address: str) -> str:
    """An address without user info, query and fragment: scheme, host, port and path.

    Any other text is returned unchanged. Where an unescaped password makes the host ambiguous, only the scheme is left.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    user_info, _, host = authority.rpartition("@")
    if not _HOST.fullmatch(host) or (user_info and "@" in path):
        return f"{scheme}://{_HIDDEN}"
    return f"{scheme}://{host}{slash}{path}"


def has_credentials(address: str) -> bool:
    """True if an address has user info or a query, either of which may be secret."""
    return "://" in address and public_address(address) != address.partition("#")[0]


def without_secrets(error: BaseException) -> BaseException:
    """The error itself if neither it nor its causes show a secret; else a stand-in with the same traceback."""
    text = str(error)
    safe: BaseException = error
    if (shown := redact(text)) != text:
        safe = RuntimeError(f"{type(error).__name__}: {shown}").with_traceback(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    safe_cause = None if cause is None else without_secrets(cause)
    if safe is not error or safe_cause is not cause:
        safe.__cause__ = safe_cause
    return safe


def raise_without_secrets(error: BaseException) -> NoReturn:
    """Raise the error that is being handled, or its stand-in."""
    safe = without_secrets(error)
    if safe is error:
        raise error
    raise safe from safe.__cause__


def _public_match(match: re.Match[str]) -> str:
    address = match[0].rstrip(_TRAILING)
    return public_address(address) + match[0][len(address) :]


def _remember(secret: str) -> None:
    """In the forms in which it may be quoted: as it is, percent-encoded, and decoded."""
    for form in (secret.strip(), unquote(secret), quote(unquote(secret), safe="")):
        if len(form) >= _SHORTEST:
            _known.add(form)


def _secrets_of(address: str) -> Iterator[str]:
    """The secret parts of an address. Any text may be one without a scheme: proxies are often written so."""
    _, separator, rest = address.rpartition("://")
    user, colon, password = rest.partition("/")[0].partition("?")[0].rpartition("@")[0].partition(":")
    if separator and public_address(address).endswith(_HIDDEN):  # an unescaped password, which has a "/" or "@"
        user, colon, password = rest.rpartition("@")[0].partition(":")
    if colon:
        yield password
    if separator and len(user) >= _TOKEN_AS_USER:
        yield user
    if separator:
        yield from (value for _, value in parse_qsl(rest.partition("#")[0].partition("?")[2]))
