"""Write ``docs/configuration.md`` from the settings models: ``python -m tools.configuration_reference``.

Names, types, defaults, ranges and meanings are the models' own, so the page cannot say something else than the code.
With ``--check`` nothing is written; the exit code is 1 if the page is not what it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.settings.environment import Settings
from f5_pipeline.voices.settings import VoiceSettings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_HEAD = """\
# Configuration

<!-- Made from the models themselves, by: python -m tools.configuration_reference -->

Everything that can be set, in three places. What is not set has a default that works.

| where | what it is for |
|---|---|
| environment variables, or a file `.env` | this machine: where the store is, which device speaks |
| `manifests/BATCH.toml` | one batch: how it is spoken and delivered |
| `voices/NAME.toml` | one voice: its language, its pace |

A row's own value beats the batch's, the batch's beats the voice's, that beats the model's. An unknown key in a file is
an error, and so is a variable that is nearly one of these; `f5-pipeline doctor` finds the rest.
"""

_ENVIRONMENT = """\

## Environment variables

A variable of the process beats the same one in `.env` (in the working folder, or the nearest above it).
"""

_FOREIGN = """\

### Read by others

| variable | whose | meaning |
|---|---|---|
| `AWS_ENDPOINT_URL`, `AWS_DEFAULT_REGION`, `AWS_CA_BUNDLE`, … | boto3 | where a bucket is ([stores](stores.md)) |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, … | boto3 | who may use it |
| `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` | huggingface_hub | private repositories, a mirror, no network |
| `DAGSTER_HOME` | Dagster | where its records and its `dagster.yaml` are ([operations](operations.md)) |
| `CUDA_VISIBLE_DEVICES` | CUDA | which GPUs may be used |
| `TMPDIR` | Python, pip | where temporary files go |
"""

_BATCH = """\

## Batch settings

`manifests/BATCH.toml`; beside `x.csv`, `f5-pipeline submit` takes `x.toml` along. [Manifests](manifests.md) and
[delivery](delivery.md) say more of what they do.
"""

_QUALITY = """\

### The table `[quality]`

Beyond these measures a clip is suspect, and is drawn again ([quality](quality.md)). It goes at the end of `BATCH.toml`:
in TOML, what follows the head of a table belongs to the table.
"""

_VOICE = """\

## Voice settings

`voices/NAME.toml`, beside the recording ([voices](voices.md)).
"""

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true, false", "object": "table"}


def page() -> str:
    """The whole page."""
    return "".join(
        [
            *(_HEAD, _ENVIRONMENT, *_table(Settings, "variable", "F5_"), _FOREIGN),
            *(_BATCH, *_table(BatchSettings, "key"), _QUALITY, *_table(Thresholds, "threshold")),
            *(_VOICE, *_table(VoiceSettings, "key")),
        ]
    )


def _table(model: type[BaseModel], what: str, prefix: str = "") -> Iterator[str]:
    """A row for each field of a model."""
    yield f"\n| {what} | type | default | allowed | meaning |\n|---|---|---|---|---|\n"
    for name, schema in model.model_json_schema()["properties"].items():
        cells = (_type(schema), _default(schema.get("default")), _allowed(schema), schema["description"])
        shown = f"{prefix}{name.upper()}" if prefix else name
        yield f"| `{shown}` | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _kinds(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a field, without "nothing". A field that is a model of its own is a table."""
    table = {"type": "object"} if "$ref" in schema else schema
    return [kind for kind in table.get("anyOf", [table]) if kind["type"] != "null"]


def _type(schema: Mapping[str, Any]) -> str:
    names = ["path" if kind.get("format") == "path" else _TYPES[kind["type"]] for kind in _kinds(schema)]
    return " or ".join(names)


def _default(value: object) -> str:
    if value is None or isinstance(value, dict):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(schema: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, map(_values, _kinds(schema)))) or "–"


def _values(kind: Mapping[str, Any]) -> str:
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    lowest = next((kind[key] for key in ("ge", "minimum") if key in kind), None)
    highest = next((kind[key] for key in ("le", "maximum") if key in kind), None)
    if lowest is not None and highest is not None:
        return f"{lowest:g} to {_number(highest)}"
    if lowest is not None:
        return f"from {lowest:g} on"
    if "exclusiveMinimum" in kind:
        return f"more than {kind['exclusiveMinimum']:g}"
    if "maxLength" in kind:
        return f"up to {kind['maxLength']} characters"
    return ""


def _number(value: float) -> str:
    """2⁶³ − 1 as people write it."""
    return "2⁶³ − 1" if value == 2**63 - 1 else f"{value:g}"


def main() -> int:
    """Exit code 0: the page is right (now)."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        right = PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted
        print("up to date" if right else f"{PAGE} is out of date: python -m tools.configuration_reference")
        return 0 if right else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
