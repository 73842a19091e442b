"""Reads docker/Dockerfile: environment, command and health check of each image. Only the instructions that it uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"


@dataclass
class Image:
    """The configuration of a stage, with everything it inherits."""

    base: str = ""  # the public base image
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    health: Sequence[str] = ()
    user: str = "root"


def images() -> dict[str, Image]:
    """All stages by name."""
    found: dict[str, Image] = {}
    image = Image()
    for instruction, rest in _instructions():
        if instruction == "FROM":
            source, name = re.fullmatch(r"(\S+) AS (\S+)", rest).groups()  # type: ignore[union-attr]
            parent = found.get(source, Image(base=source))
            environment, arguments = dict(parent.environment), dict(parent.arguments)
            image = Image(parent.base, environment, arguments, parent.command, parent.health, parent.user)
            found[name] = image
        elif instruction == "ENV":
            image.environment.update(pair.split("=", 1) for pair in rest.split())
        elif instruction == "ARG":
            image.arguments.update([rest.split("=", 1)])
        elif instruction == "CMD":
            image.command = json.loads(rest)
        elif instruction == "HEALTHCHECK":
            image.health = json.loads(rest.partition(" CMD ")[2])
        elif instruction == "USER":
            image.user = image.arguments.get(rest.strip("${}"), rest)
    return found


def _instructions() -> Iterator[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.partition(" ")
        yield instruction, rest
