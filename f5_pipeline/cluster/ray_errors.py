"""Why Ray says that something went wrong, in one line for people. What is done about it is decided elsewhere."""

from __future__ import annotations

import re

_MOST = 300  # characters of a reason
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OF_THE_ACTOR = re.compile(r"^\t\w+: .*$|The actor \w+ is unavailable: ", re.M)  # which nobody else knows it by
_BEFORE_THE_POINT = re.compile(r".*Worker exit detail: ", re.S)
_RAISED = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Exit|Interrupt)\b)", re.M)  # as a traceback ends
_VERSIONS = re.compile(r"Version mismatch:.*?Ray: (\S+)\s+Python: (\S+).*?Ray: (\S+)\s+Python: (\S+)", re.S)


def why(error: BaseException) -> str:
    """What an error of Ray means, in one line of at most 300 characters, without colours and without traceback."""
    told = " ".join(_COLOURS.sub("", _told(error)).split())
    return told if len(told) <= _MOST else f"{told[: _MOST - 1].rstrip()}…"


def _told(error: BaseException) -> str:
    from ray.exceptions import RayActorError, RayTaskError

    if isinstance(error, RayTaskError):
        return _told_with_type(error.cause)
    if isinstance(error, RayActorError):
        text = _OF_THE_ACTOR.sub("", str(error).removeprefix(type(error).BASE_ERROR_MSG))
        return _what_was_raised(text) if error.actor_init_failed else _BEFORE_THE_POINT.sub("", text)
    while error.__cause__ is not None:  # the first of them: "failed to connect", say those above it
        error = error.__cause__
    if versions := _VERSIONS.search(str(error)):
        ray, python, our_ray, our_python = versions.groups()
        return f"it has Ray {ray} and Python {python}, and this machine has Ray {our_ray} and Python {our_python}"
    text = str(error).strip() or type(error).__name__
    return _what_was_raised(text) if "Traceback (most recent call last)" in text else text


def _told_with_type(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error).strip() else type(error).__name__


def _what_was_raised(text: str) -> str:
    """The last error of those whose tracebacks are in a text, with its message."""
    starts = [match.start(1) for match in _RAISED.finditer(text)]
    return text[starts[-1] :] if starts else text.strip().rpartition("\n")[2]
