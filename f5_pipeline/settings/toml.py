"""Settings files in TOML: read, validated against a pydantic model, and refused with one readable sentence.

Which keys a file has is defined by its model: ``manifests.batch_settings``, ``voices.settings``.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from f5_pipeline.errors import BadEncoding, BadSetting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SettingsFile = TypeVar("SettingsFile", bound=BaseModel)

_HINTS = {("format", "m4b"): " For an audiobook with chapters, set audiobook = true."}
_PATTERNS = {"language": "must be a language code such as 'en' or 'pt-BR'"}


def parse_settings(kind: type[SettingsFile], data: bytes, where: str) -> SettingsFile:
    """Read a settings file. ``where`` names it in messages.

    Raises:
        BadSetting: it is not TOML in UTF-8, or a key is unknown or has an impossible value.
    """
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSetting(where, "", f"the file is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSetting(where, "", f"the file is not TOML: {error}.") from None
    try:
        return kind.model_validate(values)
    except BadEncoding as error:
        raise BadSetting(where, "format", f"{error.culprit} {error.reason} {error.fix}") from None
    except ValidationError as error:
        raise _bad_setting(kind, error, where) from None


def _bad_setting(kind: type[BaseModel], error: ValidationError, where: str) -> BadSetting:
    """The first of pydantic's errors; a key inside a table is named with its table."""
    first = error.errors()[0]
    key, known = str(first["loc"][0]), list(kind.model_fields)
    table = kind.model_fields[key].annotation if key in kind.model_fields else None
    if len(first["loc"]) > 1 and isinstance(table, type) and issubclass(table, BaseModel):
        where = f"{where}, table [{key}]"
        key, known = str(first["loc"][1]), list(table.model_fields)
    return BadSetting(where, key[:80], _reason(key, first, known), known if _unknown(first) else ())


def did_you_mean(word: str, known: list[str]) -> str:
    """ " Did you mean 'x'?" when a known word is close, else nothing."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f" Did you mean {close[0]!r}?" if close else ""


def _unknown(error: Any) -> bool:
    return error["type"] == "extra_forbidden"


def _reason(key: str, error: Any, known: list[str]) -> str:
    if _unknown(error):
        return "is not a setting." + did_you_mean(key, known)
    hint = _HINTS.get((key, str(error["input"])), "")
    return f"{describe(error)} (it is {str(error['input'])[:80]!r}).{hint}"


def describe(error: Any) -> str:
    """One pydantic error in our words: "must be at most 128"."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "greater_than_equal":
        return f"must be at least {_plain(context['ge'])}"
    if kind == "less_than_equal":
        return f"must be at most {_plain(context['le'])}"
    if kind.startswith("int_"):
        return "must be a whole number"
    if kind.startswith(("float_", "finite_number", "value_error")):
        return "must be a number"
    if kind == "model_type":
        return f"must be a table: [{error['loc'][0]}]"
    if kind == "literal_error":
        return f"must be one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(error["loc"][0]), "is not a safe name")
    if kind == "string_too_short":
        return "must not be empty"
    return "must be " + {"string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false"}.get(
        kind, f"something else: {error['msg']}"
    )


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
