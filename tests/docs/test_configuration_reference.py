"""``docs/configuration.md`` is what the models say, and what other pages say of settings exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.settings.environment import Settings
from f5_pipeline.voices.settings import VoiceSettings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
#: Variables of ours that are not settings: names of a CI's own variables, in an example.
OTHERS = {"F5_PIPELINE", "F5_PIPELINE_REF"}


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, "-m", "tools.configuration_reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "make it anew with: .venv/bin/python -m tools.configuration_reference"


@pytest.mark.parametrize("model", [Settings, BatchSettings, VoiceSettings])
def test_every_setting_says_in_a_sentence_what_it_means(model: type[BaseModel]) -> None:
    wordless = [
        name for name, field in model.model_fields.items() if not re.fullmatch(r".{10,}\.", field.description or "")
    ]
    assert wordless == []


def test_every_variable_that_a_page_names_is_a_setting() -> None:
    known = {f"F5_{name.upper()}" for name in Settings.model_fields} | OTHERS
    named = {(page.name, name) for page in PAGES for name in re.findall(r"\bF5_[A-Z_]+\b", page.read_text())}
    assert {name for _, name in named} > {"F5_STORE", "F5_DEVICE"}
    assert {(page, name) for page, name in named if name not in known} == set()


def test_the_page_on_manifests_has_every_batch_setting() -> None:
    table = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "manifests.md").read_text(), re.M))
    assert set(BatchSettings.model_fields) <= table
