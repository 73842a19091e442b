"""``docs/configuration.md`` matches the settings models, and every setting that a page names exists."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from pydantic import BaseModel

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.settings.environment import Settings
from f5_pipeline.voices.settings import VoiceSettings
from tests.paths import DOCS, ROOT
from tools.configuration_reference import EXPLAINED

PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
#: Variables of the CI example, which are not settings.
CI_VARIABLES = {"F5_PIPELINE", "F5_PIPELINE_REF"}


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, "-m", "tools.configuration_reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "update it with: .venv/bin/python -m tools.configuration_reference"


@pytest.mark.parametrize("model", [Settings, BatchSettings, VoiceSettings])
def test_every_setting_is_described_in_a_sentence(model: type[BaseModel]) -> None:
    undescribed = [
        name for name, field in model.model_fields.items() if not re.fullmatch(r".{10,}\.", field.description or "")
    ]
    assert undescribed == []


def test_variables_on_the_pages_are_settings() -> None:
    known = {f"F5_{name.upper()}" for name in Settings.model_fields} | CI_VARIABLES
    named = {(page.name, name) for page in PAGES for name in re.findall(r"\bF5_[A-Z_]+\b", page.read_text())}
    assert {name for _, name in named} > {"F5_STORE", "F5_DEVICE"}
    assert {(page, name) for page, name in named if name not in known} == set()


def test_links_of_the_reference_are_of_batch_settings() -> None:
    assert set(EXPLAINED) <= set(BatchSettings.model_fields)
