"""Numbers in settings files and manifests: what pydantic would take for one and no user means as one is refused."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator


def _number(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip()[-1:].isdigit()):
        raise ValueError("should be a number")  # "nan" and "inf", too, are none
    return value


Number = BeforeValidator(_number)
