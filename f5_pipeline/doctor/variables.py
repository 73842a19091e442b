"""Environment variables and ``.env``: what is misspelt, ignored, overridden, or carries quotes into a password."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import find_dotenv
from dotenv.parser import parse_stream

from f5_pipeline.doctor.finding import Finding, ok, warn
from f5_pipeline.settings.environment import Settings

NAME = "variables"
#: boto3's variables that matter to a store. A name that is close to one of these, and not it, is a slip.
_AWS = (
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
)
_MISTAKEN = {"AWS_ENDPOINT": "AWS_ENDPOINT_URL", "AWS_S3_ENDPOINT": "AWS_ENDPOINT_URL_S3"}
_MISTAKEN |= {"AWS_S3_ENDPOINT_URL": "AWS_ENDPOINT_URL_S3", "S3_ENDPOINT_URL": "AWS_ENDPOINT_URL"}
_MISTAKEN |= {"S3_ENDPOINT": "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY": "AWS_ACCESS_KEY_ID"}
_MISTAKEN |= {"AWS_SECRET_KEY": "AWS_SECRET_ACCESS_KEY", "AWS_TOKEN": "AWS_SESSION_TOKEN"}


@dataclass(frozen=True)
class Variables:
    """What is set, and where."""

    environment: Mapping[str, str]  # of the process, before ``.env`` was read
    env_file: str = ""  # the ``.env`` that is read; "": there is none
    in_file: Mapping[str, str] = field(default_factory=dict)
    unreadable_lines: tuple[int, ...] = ()  # of ``.env``

    @property
    def all(self) -> Mapping[str, str]:
        """As the product sees them: the environment wins."""
        return {**self.in_file, **self.environment}


def see_variables() -> Variables:
    """Of this process and folder. To be called before the settings are loaded, which mixes the two."""
    path = find_dotenv(usecwd=True)
    if not path:
        return Variables(dict(os.environ))
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError:  # what is wrong with it is said when the settings are loaded
        return Variables(dict(os.environ), path)
    lines = list(parse_stream(io.StringIO(text)))
    values = {line.key: line.value for line in lines if line.key and line.value is not None}
    bad = tuple(line.original.line for line in lines if line.error)
    return Variables(dict(os.environ), path, values, bad)


def judge_variables(variables: Variables) -> Finding:
    """One finding for all slips; values are never shown."""
    slips = list(_slips(variables))
    if slips:
        return warn(NAME, " ".join(found for found, _ in slips), " ".join(dict.fromkeys(fix for _, fix in slips)))
    ours = sorted(name for name in variables.all if name.startswith("F5_"))
    where = f" ({variables.env_file} is read)" if variables.env_file else ""
    return ok(NAME, f"{', '.join(ours) if ours else 'Nothing of ours'} is set{where}.")


def _slips(variables: Variables) -> Iterator[tuple[str, str]]:
    """What was found and its fix, as two sentences each."""
    for line in variables.unreadable_lines:
        yield f"Line {line} of {variables.env_file} is not NAME=value and is ignored.", "Mend that line."
    for name in sorted(variables.all):
        if (meant := _meant(name)) is not None:
            found = f"{name} is not a variable of ours or of boto3 and is ignored."
            yield found, f"Did you mean {meant}?" if meant else f"Remove {name}, or see docs/configuration.md."
        elif name.startswith(("F5_", "AWS_")):
            yield from _value_slips(name, variables)
    yield from _endpoint_slips(variables.all)


def _meant(name: str) -> str | None:
    """What a variable was meant to be called, "" if that cannot be guessed; None: its name is right, or not ours."""
    known = [f"F5_{field.upper()}" for field in Settings.model_fields]
    if name in _MISTAKEN:
        return _MISTAKEN[name]
    if name.startswith("F5_") and name not in known:
        return next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), "")
    if name.startswith("AWS_") and name not in _AWS:
        return next(iter(get_close_matches(name, _AWS, n=1, cutoff=0.92)), None)
    return None


def _value_slips(name: str, variables: Variables) -> Iterator[tuple[str, str]]:
    value = variables.all[name]
    if value != value.strip() or (len(value) > 1 and value[0] == value[-1] and value[0] in "'\""):
        yield f"The value of {name} has quotes or spaces around it.", "Remove them: they become part of the value."
    inside, outside = variables.in_file.get(name), variables.environment.get(name)
    if None not in (inside, outside) and inside != outside:
        found = f"{name} in {variables.env_file} is not used: the environment says something else."
        yield found, f"Unset one of the two {name}."


def _endpoint_slips(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        if urlsplit(values.get(name, "")).path.strip("/"):
            yield f"{name} has a path.", "Name the bucket in F5_STORE (s3://bucket/prefix), not in the endpoint."
