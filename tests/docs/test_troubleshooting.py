"""Every message that ``docs/troubleshooting.md`` quotes occurs in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.paths import DOCS, ROOT

PAGE = (DOCS / "troubleshooting.md").read_text()
SOURCES = [*(ROOT / "f5_pipeline").rglob("*.py"), *(ROOT / "tools").glob("*.py")]


def strings(path: Path) -> Iterator[str]:
    """All strings of a module except docstrings; placeholders of f-strings are "…"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@cache
def all_strings() -> list[str]:
    return [text for path in SOURCES for text in strings(path)]


def quoted() -> list[str]:
    """The messages in the first column of the tables."""
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row) if " " in message]


def test_the_page_quotes_messages() -> None:
    assert len(quoted()) > 35


@pytest.mark.parametrize("message", quoted())
def test_a_quoted_message_occurs_in_the_code(message: str) -> None:
    fragments = [fragment.strip() for fragment in message.split("…") if len(fragment.strip()) > 2]
    assert fragments
    assert [fragment for fragment in fragments if not any(fragment in text for text in all_strings())] == []
