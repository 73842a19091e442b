"""Types of single settings: their ranges and patterns, shared by settings files and the columns of a manifest."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

MAX_SEED = 2**63 - 1
LOWEST_SPEED, HIGHEST_SPEED = 0.3, 3.0

LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
SLUG = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"
WEB_ADDRESS = r"^https?://\S+$"
SHA256 = r"^[0-9a-f]{64}$"

#: The reason that messages give for a value that does not match a pattern.
PATTERN_REASONS = {
    LANGUAGE: "must be a language code such as 'en' or 'pt-BR'",
    SLUG: "is not a safe name",
    WEB_ADDRESS: "must be an http:// or https:// address",
    SHA256: "must be 64 hexadecimal digits in lower case",
}


def _number(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip()[-1:].isdigit()):
        raise PydanticCustomError("not_a_number", "must be a number")  # "nan" and "inf" are refused too
    return value


def _none_if_off(value: Any) -> Any:
    """TOML has no null: ``"none"`` and ``false`` switch a number off."""
    return None if value is False or value == "none" else value


def _zero_if_off(value: Any) -> Any:
    """Like ``_none_if_off``, for settings where zero means off and None means the model's default."""
    return 0.0 if value is False or value == "none" else value


def _channels(value: Any) -> Any:
    return {"mono": 1, "stereo": 2}.get(value, value) if isinstance(value, str) else value


#: Refuses booleans and text that is not a number, which pydantic would convert.
Number = BeforeValidator(_number)
NoneIfOff = BeforeValidator(_none_if_off)
ZeroIfOff = BeforeValidator(_zero_if_off)
Channels = BeforeValidator(_channels)

Language = Annotated[str, Field(pattern=LANGUAGE)]
Slug = Annotated[str, Field(pattern=SLUG)]
NfeStep = Annotated[int, Number, Field(ge=1, le=128)]
CfgStrength = Annotated[float, Number, Field(ge=0, le=10, allow_inf_nan=False)]
Speed = Annotated[float, Number, Field(ge=LOWEST_SPEED, le=HIGHEST_SPEED, allow_inf_nan=False)]
Seed = Annotated[int, Number, Field(ge=0, le=MAX_SEED)]
Title = Annotated[str, Field(min_length=1, max_length=250)]
ColumnName = Annotated[str, Field(min_length=1, max_length=250)]
Pause = Annotated[float, Number, Field(ge=0, le=60, allow_inf_nan=False)]
