"""Reads docker/compose.yaml as ``docker compose`` does: services with everything they inherit from their images."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from dotenv import dotenv_values

from tests.deployment.dockerfile import ROOT, images

COMPOSE = ROOT / "docker" / "compose.yaml"
EXAMPLE = ROOT / "docker" / ".env.example"


@dataclass(frozen=True)
class Service:
    """The configuration of a container."""

    name: str
    image: str  # the target of our Dockerfile, or a public image
    environment: Mapping[str, str]
    command: Sequence[str]
    health: Sequence[str]  # empty: no health check
    needs: Mapping[str, str]  # service → "service_healthy" | "service_completed_successfully"
    volumes: Mapping[str, str]  # folder in the container → volume


def read_compose(variables: Mapping[str, str]) -> dict[str, Service]:
    """The services, in the order of the file; ``variables`` are those of ``.env``."""
    text = _interpolated(COMPOSE.read_text(), variables)
    return {name: _service(name, entry, variables) for name, entry in yaml.safe_load(text)["services"].items()}


def example_variables(**values: str) -> dict[str, str]:
    """``.env.example``, filled in."""
    found = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}
    unknown = values.keys() - {name for name, value in found.items() if not value}
    assert not unknown, f"{EXAMPLE} does not ask for {unknown}"
    return {**found, **values}


def _service(name: str, entry: Mapping[str, Any], variables: Mapping[str, str]) -> Service:
    target = entry.get("build", {}).get("target")
    image = images()[target] if target else None
    check = entry.get("healthcheck", {})
    health = _health(check["test"]) if "test" in check else (image.health if image and not check.get("disable") else ())
    from_file = variables if entry.get("env_file") else {}
    environment = {**(image.environment if image else {}), **from_file, **entry.get("environment", {})}
    return Service(
        name=name,
        image=target or entry["image"].partition(":")[0],
        environment={key: str(value) for key, value in environment.items()},
        command=entry.get("command") or (image.command if image else ()),
        health=health,
        needs={service: need["condition"] for service, need in entry.get("depends_on", {}).items()},
        volumes={folder: volume for volume, folder in (each.split(":") for each in entry.get("volumes", []))},
    )


def _health(test: Sequence[str]) -> Sequence[str]:
    return ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    """``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}``; ``$$`` is a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        found = variables.get(match["name"]) or match["default"]
        assert found is not None, f"{match['name']} is not set: {match['message']}"
        return found

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(:-(?P<default>[^}]*)|:\?(?P<message>[^}]*))?\}", value, text)
