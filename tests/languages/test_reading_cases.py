"""Written texts and how they are read: ``reading_cases.tsv``, which ``benchmarks.reading`` scores too."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.languages.reading import in_words
from f5_pipeline.text.front_end import tidy

LINES = (Path(__file__).parent / "reading_cases.tsv").read_text(encoding="utf-8").splitlines()[1:]
CASES = [(written, spoken, language) for written, spoken, language, _kind in (line.split("\t") for line in LINES)]


def _read(text: str, language: str) -> str:
    return " ".join(in_words(" ".join(tidy(text).split()), language).split())


@pytest.mark.parametrize(("written", "spoken", "language"), CASES, ids=[written for written, _, _ in CASES])
def test_reading(written: str, spoken: str, language: str) -> None:
    assert _read(written, language) == spoken
    assert _read(spoken, language) == spoken, "reading twice changes nothing"


def test_cases_are_sorted_by_language_and_kind() -> None:
    keys = [tuple(line.split("\t")[2:]) for line in LINES]
    assert keys == sorted(keys)
