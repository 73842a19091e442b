"""Helpers for listening pages: hostile texts, and the data of a rendered page."""

from __future__ import annotations

import json
import re
from typing import Any

HOSTILE = [
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    "]]><svg onload=window.pwned=1>",
    "{{script}} {{data}} {{nothing}}",
    "\u2028 \u2029 \x00 \ud800",
    '"; window.pwned=1; "',
    "&lt;b&gt; &amp;",
]


def data_of(text: str) -> Any:
    """The JSON data of a rendered page."""
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block
    return json.loads(block[1])


def rows_of_data(text: str) -> list[dict[str, Any]]:
    """The rows of a rendered page, each with its fields by name."""
    data = data_of(text)
    return [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
