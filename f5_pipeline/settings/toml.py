"""Settings files in TOML: decoded, parsed and validated against a pydantic model.

Which keys a file has is defined by its model: ``manifests.batch_settings``, ``voices.settings``. Messages about single
keys are made in ``settings.validation``.
"""

from __future__ import annotations

import re
import sys
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from f5_pipeline.errors import BadEncoding, BadSetting
from f5_pipeline.settings.validation import bad_setting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SettingsFile = TypeVar("SettingsFile", bound=BaseModel)

MAX_TOML_BYTES = 256 * 1024  # of a TOML file; readers of larger ones may stop after this
_MOST_PARTS = 100  # of a dotted key; tomllib's time grows with the third power of their number
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_SYNTAX = 'Write NAME = VALUE, a line each, with texts in quotes: format = "flac".'
_MAX_SHOWN = 80  # characters of a line
_LONG_KEY = re.compile(rf"(?:^[ \t\[]*|[{{,][ \t\n]*)(?:{_PART}){{{_MOST_PARTS}}}", re.MULTILINE)


def parse_settings(model: type[SettingsFile], data: bytes, where: str) -> SettingsFile:
    """Parse a settings file. ``where`` names it in messages.

    Raises:
        BadSetting: the file is too large or not TOML in UTF-8, or a key is unknown or has an impossible value.
    """
    values = parse_toml(data, where)
    try:
        return model.model_validate(values)
    except BadEncoding as error:
        raise BadSetting(where, "format", f"{error.culprit} {error.reason} {error.fix}") from None
    except ValidationError as error:
        raise bad_setting(error, model, where) from None


def parse_toml(data: bytes, where: str) -> dict[str, Any]:
    """The values of a TOML file. ``where`` names it in messages.

    Raises:
        BadSetting: the file is larger than ``MAX_TOML_BYTES`` or not TOML in UTF-8, or a number or key is too long.
    """
    if len(data) > MAX_TOML_BYTES:
        raise BadSetting(where, "", f"the file is larger than {MAX_TOML_BYTES >> 10} KiB, which no settings need.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSetting(where, "", f"the file is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    if _LONG_KEY.search(text):
        raise BadSetting(where, "", f"the file is not TOML: a key has more than {_MOST_PARTS} parts.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(where, "", f"the file is not TOML: {error}{_line(text, str(error))}. {_SYNTAX}") from None
    except RecursionError:
        raise BadSetting(where, "", "the file is not TOML: its values are nested too deeply.") from None
    except (ValueError, OverflowError):  # of Python's conversions: a number of thousands of digits, an impossible date
        raise BadSetting(where, "", "the file is not TOML: a number or date is impossible.") from None


def _line(text: str, message: str) -> str:
    """The line that a message of ``tomllib`` is about, to follow it."""
    number = re.search(r"\(at line (\d+)", message)
    lines = text.split("\n")
    if number is None or not (line := lines[min(int(number[1]), len(lines)) - 1].strip()):
        return ""
    return f": {line[:_MAX_SHOWN]}"
