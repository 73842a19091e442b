"""``docs/threat-model.md``: each threat names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from f5_pipeline.audio import decode_process, recording_formats
from f5_pipeline.manifests import batch_files, columns, dictionary, row_text, rows
from f5_pipeline.manifests.formats import spreadsheet
from f5_pipeline.models import proof
from f5_pipeline.settings import toml
from f5_pipeline.storage import utterance_ids, web_route
from f5_pipeline.text.markup import elements
from f5_pipeline.voices import transcript
from tests.paths import DOCS, ROOT

PAGE = (DOCS / "threat-model.md").read_text()
SECTIONS = re.findall(r"^## ((?:A|The) [^\n]+)\n(.*?)(?=^## )", PAGE, re.S | re.M)
ROWS = [line for _, body in SECTIONS for line in body.splitlines()[3:] if line.startswith("| ")]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(), re.M)) if path.is_file() else set()


def test_every_adversary_has_a_section() -> None:
    assert len(SECTIONS) == 7
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0].strip("| "))
def test_a_threat_names_the_tests_that_hold_its_line(row: str) -> None:
    named = NAMED.findall(row)
    assert named
    assert [name for name in named if name[1] not in functions(ROOT / name[0])] == []


MIB, GIB = 2**20, 2**30
LIMITS = {
    "manifest": (
        f"{batch_files._MAX_BYTES // MIB} MiB, {rows.MAX_ROWS:,} rows, {columns.MAX_COLUMNS:,} columns; a spreadsheet "
        f"{spreadsheet._MAX_UNPACKED_BYTES // GIB} GiB unpacked"
    ),
    "text of a row": (
        f"{row_text.MAX_CHARACTERS:,} characters; an id {utterance_ids.MAX_ID}; elements of markup "
        f"{elements.MAX_DEPTH} deep"
    ),
    "pronunciation dictionary": f"{dictionary.MAX_BYTES // MIB} MiB, {dictionary.MAX_ENTRIES:,} entries",
    "batch and voice settings, catalogue": f"{toml.MAX_TOML_BYTES // 1024} KiB",
    "recording of a voice": (
        f"{recording_formats.MAX_BYTES // MIB} MiB, {recording_formats.MAX_CHANNELS} channels, "
        f"{recording_formats.SAMPLE_RATES[0]:,} to {recording_formats.SAMPLE_RATES[1]:,} Hz, "
        f"{recording_formats.MAX_VALUES:,} samples of all channels decoded, within {decode_process.MAX_SECONDS:g} s "
        f"and {decode_process.MAX_BYTES // GIB} GiB of address space"
    ),
    "transcript of a voice": f"{transcript._MAX_BYTES:,} bytes",
    "configuration of a vocoder": f"{proof._LARGEST_CONFIG:,} bytes, without aliases",
    "download": f"{web_route.MOST_REDIRECTS} redirects",
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_are_those_of_the_code(name: str) -> None:
    assert f"\n| {name} | {LIMITS[name]} |\n" in PAGE
