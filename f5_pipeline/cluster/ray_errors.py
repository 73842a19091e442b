"""Ray's errors as one line of text for people. Callers decide what to do about an error."""

from __future__ import annotations

import re

from f5_pipeline.display.characters import visible
from f5_pipeline.display.secrets import redact

_MAX_LENGTH = 300  # characters of a reason
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ACTOR_IDS = re.compile(r"^\t\w+: .*$|The actor \w+ is unavailable: ", re.M)  # meaningless outside Ray
_PREAMBLE = re.compile(r".*Worker exit detail: ", re.S)
_EXCEPTION = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Exit|Interrupt)\b)", re.M)  # as a traceback ends
_VERSIONS = re.compile(r"Version mismatch:.*?Ray: (\S+)\s+Python: (\S+).*?Ray: (\S+)\s+Python: (\S+)", re.S)


def reason_of(error: BaseException) -> str:
    """The reason of a Ray error: one line of at most 300 characters, without colours, secrets or a traceback."""
    text = redact(visible(" ".join(_COLOURS.sub("", _text(error)).split())))
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1].rstrip()}…"


def _text(error: BaseException) -> str:
    from ray.exceptions import RayActorError, RayTaskError

    if isinstance(error, RayTaskError):
        return f"{type(error.cause).__name__}: {error.cause}".rstrip(": ")
    if isinstance(error, RayActorError):
        text = _ACTOR_IDS.sub("", str(error).removeprefix(type(error).BASE_ERROR_MSG))
        return _last_exception(text) if error.actor_init_failed else _PREAMBLE.sub("", text)
    while error.__cause__ is not None:  # the others only say "failed to connect"
        error = error.__cause__
    if versions := _VERSIONS.search(str(error)):
        ray, python, our_ray, our_python = versions.groups()
        return f"it has Ray {ray} and Python {python}, and this machine has Ray {our_ray} and Python {our_python}"
    text = str(error).strip() or type(error).__name__
    return _last_exception(text) if "Traceback (most recent call last)" in text else text


def _last_exception(text: str) -> str:
    """The exception at the end of the last traceback in a text, with its message."""
    starts = [match.start(1) for match in _EXCEPTION.finditer(text)]
    return text[starts[-1] :] if starts else text.strip().rpartition("\n")[2]
