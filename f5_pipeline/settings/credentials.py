"""Credentials in addresses: refused where there is a better place for them, and never shown where they are needed.

A mirror of wheels and a proxy may need them. ``display.secrets`` keeps them out of messages, logs and records.
"""

from __future__ import annotations

from collections.abc import Mapping

from f5_pipeline.display.logs import protect_logs
from f5_pipeline.display.secrets import has_credentials, learn_secrets
from f5_pipeline.errors import BadSetting

_AWS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, instead"
#: Variables whose addresses may have no credentials, and what to do instead.
_INSTEAD = {
    "F5_STORE": _AWS,
    "AWS_ENDPOINT_URL": _AWS,
    "AWS_ENDPOINT_URL_S3": _AWS,
    "HF_ENDPOINT": "Set HF_TOKEN instead",
    "F5_STORE_PAGES": "Remove them: its links are shown to everybody, and a browser asks for a password where needed",
    "F5_RAY_ADDRESS": "Set RAY_AUTH_TOKEN instead",
}
_ALLOWED = {"F5_WHEELS", "F5_FLASH_ATTN"}


def protect_secrets(variables: Mapping[str, str]) -> None:
    """From now on, nothing that this process shows or logs has the secrets of its environment variables."""
    learn_secrets(variables)
    protect_logs()


def refuse_credentials(variables: Mapping[str, str], where: str) -> None:
    """Check that no address has credentials which belong elsewhere.

    Raises:
        BadSetting: one has; the message says what to do instead.
    """
    for name, value in variables.items():
        checked = name in _INSTEAD or (name.startswith("F5_") and name not in _ALLOWED)
        if checked and has_credentials(value):
            reason = "has a user name, a password or a query in its address, which may be secret."
            raise BadSetting(where, name, f"{reason} {_INSTEAD.get(name, 'Remove them')}.")
