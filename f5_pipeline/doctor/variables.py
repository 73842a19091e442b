"""Environment variables and ``.env``: misspelt names, ignored lines, overridden values, quotes inside values."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from dotenv import find_dotenv
from dotenv.parser import parse_stream

from f5_pipeline.doctor.finding import Finding, ok, warn
from f5_pipeline.settings.environment import Settings

NAME = "variables"
#: boto3's variables that matter for a store. A name that is close to one of these but different is misspelt.
_AWS = (
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
)
_WRONG_NAMES = {"AWS_ENDPOINT": "AWS_ENDPOINT_URL", "AWS_S3_ENDPOINT": "AWS_ENDPOINT_URL_S3"}
_WRONG_NAMES |= {"AWS_S3_ENDPOINT_URL": "AWS_ENDPOINT_URL_S3", "S3_ENDPOINT_URL": "AWS_ENDPOINT_URL"}
_WRONG_NAMES |= {"S3_ENDPOINT": "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY": "AWS_ACCESS_KEY_ID"}
_WRONG_NAMES |= {"AWS_SECRET_KEY": "AWS_SECRET_ACCESS_KEY", "AWS_TOKEN": "AWS_SESSION_TOKEN"}


@dataclass(frozen=True)
class Variables:
    """The variables of the environment and of ``.env``."""

    environment: Mapping[str, str]  # of the process, before ``.env`` is read into it
    env_file: str = ""  # path of the ``.env`` in use; "": none
    in_file: Mapping[str, str] = field(default_factory=dict)
    invalid_lines: tuple[int, ...] = ()  # numbers of lines of ``.env`` that cannot be parsed

    @property
    def all(self) -> Mapping[str, str]:
        """The values that take effect: the environment overrides ``.env``."""
        return {**self.in_file, **self.environment}


def probe_variables() -> Variables:
    """The variables of this process and folder. Call it before loading the settings, which merges the two sources."""
    path = find_dotenv(usecwd=True)
    if not path:
        return Variables(dict(os.environ))
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError:  # loading the settings reports it
        return Variables(dict(os.environ), path)
    lines = list(parse_stream(io.StringIO(text)))
    values = {line.key: line.value for line in lines if line.key and line.value is not None}
    invalid = tuple(line.original.line for line in lines if line.error)
    return Variables(dict(os.environ), path, values, invalid)


def check_variables(variables: Variables) -> Finding:
    """One finding for all problems. It never shows a value, which may be a password."""
    problems = list(_problems(variables))
    if problems:
        found, fixes = zip(*problems, strict=True)
        return warn(NAME, " ".join(found), " ".join(dict.fromkeys(fixes)))
    names = sorted(name for name in variables.all if name.startswith("F5_"))
    source = f" ({variables.env_file} is read)" if variables.env_file else ""
    return ok(NAME, f"Set: {', '.join(names) if names else 'no F5_ variable'}{source}.")


def _problems(variables: Variables) -> Iterator[tuple[str, str]]:
    """Each problem with its fix, both as sentences."""
    for line in variables.invalid_lines:
        yield f"Line {line} of {variables.env_file} is not NAME=value and is ignored.", "Correct that line."
    for name in sorted(variables.all):
        if (suggestion := _suggestion(name)) is not None:
            found = f"{name} is not a variable of f5-pipeline or boto3 and is ignored."
            yield (
                found,
                f"Did you mean {suggestion}?" if suggestion else f"Remove {name}, or see docs/configuration.md.",
            )
        elif name.startswith(("F5_", "AWS_")):
            yield from _value_problems(name, variables)


def _suggestion(name: str) -> str | None:
    """The probable correct name of a misspelt variable, "" if unknown; None if the name is correct or unrelated."""
    known = [f"F5_{field.upper()}" for field in Settings.model_fields]
    if name in _WRONG_NAMES:
        return _WRONG_NAMES[name]
    if name.startswith("F5_") and name not in known:
        return next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), "")
    if name.startswith("AWS_") and name not in _AWS:
        return next(iter(get_close_matches(name, _AWS, n=1, cutoff=0.92)), None)
    return None


def _value_problems(name: str, variables: Variables) -> Iterator[tuple[str, str]]:
    value = variables.all[name]
    if value != value.strip() or (len(value) > 1 and value[0] == value[-1] and value[0] in "'\""):
        yield f"The value of {name} has quotes or spaces around it.", "Remove them: they become part of the value."
    in_file, in_environment = variables.in_file.get(name), variables.environment.get(name)
    if None not in (in_file, in_environment) and in_file != in_environment:
        found = f"{name} in {variables.env_file} is not used: the environment sets another value."
        yield found, f"Remove {name} from one of the two."
