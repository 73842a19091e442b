"""Reads ``docs/tutorial.md``: its files, its commands and the files that it lists, for its test and its pictures."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"


def blocks() -> list[tuple[str, str, str]]:
    """Language, title and content of each fenced block, in the order of the page."""
    return re.findall(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```', PAGE.read_text(encoding="utf-8"), re.M | re.S)
