"""Settings files in TOML: decoded, parsed and validated against a pydantic model.

Which keys a file has is defined by its model: ``manifests.batch_settings``, ``voices.settings``. Messages about single
keys are made in ``settings.validation``.
"""

from __future__ import annotations

import sys
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from f5_pipeline.errors import BadEncoding, BadSetting
from f5_pipeline.settings.validation import bad_setting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SettingsFile = TypeVar("SettingsFile", bound=BaseModel)


def parse_settings(model: type[SettingsFile], data: bytes, where: str) -> SettingsFile:
    """Parse a settings file. ``where`` names it in messages.

    Raises:
        BadSetting: the file is not TOML in UTF-8, or a key is unknown or has an impossible value.
    """
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSetting(where, "", f"the file is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSetting(where, "", f"the file is not TOML: {error}.") from None
    try:
        return model.model_validate(values)
    except BadEncoding as error:
        raise BadSetting(where, "format", f"{error.culprit} {error.reason} {error.fix}") from None
    except ValidationError as error:
        raise bad_setting(error, model, where) from None
