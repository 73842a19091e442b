"""Generates ``docs/configuration.md`` from the settings models: ``python -m tools.configuration_reference``.

Names, types, defaults, ranges and meanings come from the models, so the page cannot differ from the code. With
``--check`` nothing is written, and the exit code is 1 if the page is out of date.
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

#: Where the batch settings are explained, by the name of the setting.
EXPLAINED = {
    "voice": "voices.md",
    "language": "manifests.md#the-language-of-a-text",
    "model": "models.md",
    "preset": "models.md#steps-and-solvers",
    "nfe_step": "models.md#steps-and-solvers",
    "solver": "models.md#steps-and-solvers",
    "recogniser": "quality.md#word-check",
    "quality": "#the-table-quality",
    "columns": "manifests.md#other-column-names",
    "txt_rows": "manifests.md#formats",
    "markup": "manifests.md#markup",
    "directions": "manifests.md#directions",
    "on_bad_rows": "manifests.md#bad-rows",
    "unsayable": "manifests.md#emoji-and-signs",
    "commercial": "models.md#licences",
    "format": "delivery.md#formats",
    "codec": "delivery.md#telephone-systems",
    "sample_rate": "delivery.md#formats",
    "bitrate_kbps": "delivery.md#formats",
    "loudness_lufs": "delivery.md#processing-of-a-clip",
    "true_peak_db": "delivery.md#processing-of-a-clip",
    "trim_silence": "delivery.md#processing-of-a-clip",
    "fade_seconds": "delivery.md#processing-of-a-clip",
    "fit": "manifests.md#subtitles",
    "subtitles": "delivery.md#subtitles",
    "audiobook": "delivery.md#an-audiobook",
    "title": "delivery.md#file-tags",
    "author": "delivery.md#file-tags",
    "section_titles": "delivery.md#an-audiobook",
}

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_HEAD = """\
# Configuration

<!-- Generated from the settings models by: python -m tools.configuration_reference -->

All settings, in three places. Every setting has a working default.

| place | scope |
|---|---|
| environment variables, or a file `.env` | this machine: the store, the device |
| `manifests/BATCH.toml` | one batch: its speech and its delivery |
| `voices/NAME.toml` | one voice: its language, its speed |

A row's value wins over the batch's, the batch's over the voice's, and the voice's over the model's. An unknown key in a
file is an error, and so is a variable that looks like a misspelt one; `f5-pipeline doctor` finds other mistakes.
"""

_ENVIRONMENT = """\

## Environment variables

A variable of the process wins over the same one in `.env` (of the working folder, or the nearest parent that has one).
"""

_FOREIGN = """\

### Variables of other programs

| variable | read by | meaning |
|---|---|---|
| `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_CA_BUNDLE`, … | boto3 | the server of a bucket ([stores](stores.md)) |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, … | boto3 | its credentials |
| `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`, … | Hugging Face hub | [models](models.md#the-hub-and-its-mirrors) |
| `DAGSTER_HOME` | Dagster | the folder of its records and its `dagster.yaml` ([operations](operations.md)) |
| `CUDA_VISIBLE_DEVICES` | CUDA | the GPUs to use |
| `TMPDIR` | Python, pip | the folder of temporary files |
"""

_BATCH = """\

## Batch settings

`manifests/BATCH.toml`. `f5-pipeline submit x.csv` also submits `x.toml` beside it. The links lead to the explanation
of a setting. Those of the [delivery](delivery.md) (from `format` to the end, without `fit`) change files only: nothing
is spoken again.
"""

_QUALITY = """\

### The table `[quality]`

A clip beyond one of these thresholds is suspect and is generated again ([quality](quality.md)). The table goes at the
end of `BATCH.toml`: in TOML, all keys after the header of a table belong to the table.
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
            *(_BATCH, *_table(BatchSettings, "key", explained=EXPLAINED), _QUALITY, *_table(Thresholds, "threshold")),
            *(_VOICE, *_table(VoiceSettings, "key")),
        ]
    )


def _table(
    model: type[BaseModel], what: str, prefix: str = "", explained: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A row for each field of a model; the name of one that is explained elsewhere is a link."""
    yield f"\n| {what} | type | default | allowed | meaning |\n|---|---|---|---|---|\n"
    for name, schema in model.model_json_schema()["properties"].items():
        cells = (_type(schema), _default(schema.get("default")), _allowed(schema), schema["description"])
        shown = f"`{prefix}{name.upper()}`" if prefix else f"`{name}`"
        if place := (explained or {}).get(name):
            shown = f"[{shown}]({place})"
        yield f"| {shown} | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _kinds(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternative types of a field, without null. A field whose type is a model is a table."""
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
        return f"at least {lowest:g}"
    if "exclusiveMinimum" in kind:
        return f"more than {kind['exclusiveMinimum']:g}"
    if "maxLength" in kind:
        return f"up to {kind['maxLength']} characters"
    return ""


def _number(value: float) -> str:
    """The largest seed as 2⁶³ − 1."""
    return "2⁶³ − 1" if value == 2**63 - 1 else f"{value:g}"


def main() -> int:
    """Write or check the page. Returns the exit code."""
    expected = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == expected
        print("up to date" if current else f"{PAGE} is out of date: python -m tools.configuration_reference")
        return 0 if current else 1
    PAGE.write_text(expected, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
