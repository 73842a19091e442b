"""Every message that ``docs/troubleshooting.md`` quotes is one that the program can print."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
SOURCES = [*(ROOT / "f5_pipeline").rglob("*.py"), *(ROOT / "tools").glob("*.py")]


def texts(path: Path) -> Iterator[str]:
    """All texts of a module, docstrings left out; what is filled in is "…"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


PRINTED = [text for path in SOURCES for text in texts(path)]


def quoted() -> list[str]:
    """The messages in the first column of tables about messages."""
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row) if " " in message]


def test_messages_are_quoted_at_all() -> None:
    assert len(quoted()) > 35


@pytest.mark.parametrize("message", quoted())
def test_a_quoted_message_is_printed_by_the_program(message: str) -> None:
    pieces = [piece.strip() for piece in message.split("…") if len(piece.strip()) > 2]
    assert pieces
    for piece in pieces:
        assert any(piece in text for text in PRINTED), f"nothing prints {piece!r}"
