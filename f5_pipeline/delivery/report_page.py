"""The listening page of a batch: one HTML file that needs nothing but the audio beside it.

Template, style and scripts are in ``page/``. Here they are put together with the data, safely: the data is a block
of JSON that cannot close its own element, the scripts never parse HTML, and a content security policy forbids the
rest. The same page gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from f5_pipeline.audio.samples import Samples

PEAKS = 120  # values of a waveform

Value = float | int | str | bool | None


@dataclass(frozen=True)
class PageRow:
    """One line of the page."""

    id: str
    text: str
    spoken: str = ""
    voice: str = ""
    model: str = ""
    status: str = "ok"
    reason: str = ""
    section: str = ""
    audio: str = ""  # URL, relative to the page or absolute; "": there is no audio
    seconds: float = 0.0
    peaks: str = ""  # from ``waveform``
    seed: int | None = None
    attempts: int = 0
    measures: Mapping[str, Value] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)  # columns of a manifest that would speak it like this again
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own


@dataclass(frozen=True)
class PageSection:
    """A joined file."""

    name: str
    audio: str  # URL
    seconds: float
    lines: int
    subtitles: tuple[str, ...] = ()  # URLs
    missing: tuple[str, ...] = ()  # ids without audio


@dataclass(frozen=True)
class Page:
    """All that the listening page shows."""

    batch: str
    about: str  # one line: format, loudness, …
    rows: Sequence[PageRow]
    sections: Sequence[PageSection] = ()


@dataclass(frozen=True)
class MeasureLabel:
    """How a quality column is shown."""

    label: str
    unit: str = ""
    digits: int = 2
    scale: float = 1.0


LABELS = {
    "level_db": MeasureLabel("level", "dB", 1),
    "peak_db": MeasureLabel("peak", "dB", 1),
    "clipped_share": MeasureLabel("clipped", "%", 2, 100.0),
    "silence_share": MeasureLabel("silence", "%", 0, 100.0),
    "longest_gap_seconds": MeasureLabel("longest gap", "s"),
    "lead_silence_seconds": MeasureLabel("silence before", "s"),
    "tail_silence_seconds": MeasureLabel("silence after", "s"),
    "duration_ratio": MeasureLabel("of expected", "%", 0, 100.0),
    "chars_per_second": MeasureLabel("speech rate", "char/s", 1),
    "noise_floor_db": MeasureLabel("noise floor", "dB", 1),
    "end_db": MeasureLabel("level at the end", "dB", 1),
    "noise_seconds": MeasureLabel("noise", "s"),
    "steady_seconds": MeasureLabel("steady sound", "s"),
    "repeat_score": MeasureLabel("repetition", "%", 0, 100.0),
}
_UNITS = {"_seconds": ("s", 2, 1.0), "_db": ("dB", 1, 1.0), "_share": ("%", 1, 100.0)}
_EXACT = 2**53  # beyond it a browser rounds whole numbers
ROW_MEASURE = "chars_per_second"

_SCRIPTS = ("data", "head", "list", "player", "marks", "keys")  # one scope, in this order
_VERSION = 1  # of the page's data: raise it when its scripts cannot read older data any more
_TABLES = ("measures", "given", "columns")
_FIELDS = tuple(name for name in PageRow.__dataclass_fields__ if name not in _TABLES)


def render(page: Page) -> str:
    """The whole page as HTML."""
    return _fill(_data(page))


def with_links(text: str, link: Callable[[str], str], expires: int | None) -> str:
    """A page that was rendered, with its files behind links instead of beside it.

    Args:
        link: gives the URL of a file that the page names ("audio/a.mp3").
        expires: when the links end, in seconds since 1970; None: never.

    Raises:
        ValueError: the text is no page of this version.
    """
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(block[1]) if block else {}
    if data.get("version") != _VERSION:
        raise ValueError("no page of this version")
    place = data["fields"].index("audio")
    names = [row[place] for row in data["rows"] if row[place]]
    names += [name for section in data["sections"] for name in (section["audio"], *section["subtitles"])]
    return _fill(data | {"links": {name: link(name) for name in names}, "expires": expires})


def _fill(data: dict[str, Any]) -> str:
    script, style = _script(), _part("report.css")
    filling = {
        "title": html.escape(f"{data['batch']}: listening page"),
        "script": script,
        "script_hash": _hash(script),
        "style": style,
        "style_hash": _hash(style),
        "data": _json(data),
    }
    # In one pass, so that a text with a placeholder's name in it stays a text.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: filling[match[1]], _part("report.html"))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be written to a file


def waveform(samples: Samples) -> str:
    """The outline of a clip, ``PEAKS`` magnitudes of 0 … 255, as base64; "" for nothing."""
    if samples.size == 0:
        return ""
    edges = np.linspace(0, samples.size, min(PEAKS, samples.size) + 1).astype(int)[:-1]
    peaks = np.minimum(1.0, np.maximum.reduceat(np.abs(samples), edges))
    return base64.b64encode(np.rint(peaks * 255).astype(np.uint8).tobytes()).decode()


def _data(page: Page) -> dict[str, Any]:
    names = {table: list(dict.fromkeys(name for row in page.rows for name in getattr(row, table))) for table in _TABLES}
    return {
        "version": _VERSION,
        "batch": page.batch,
        "about": page.about,
        "fields": [*_FIELDS, *_TABLES],
        "rows": [_row(row, names) for row in page.rows],
        "sections": [vars(section) for section in page.sections],
        "measures": [_label(name) for name in names["measures"]],
        "given": names["given"],
        "columns": names["columns"],
        "rowMeasure": _label(ROW_MEASURE),
    }


def _row(row: PageRow, names: Mapping[str, Sequence[str]]) -> list[Any]:
    plain = [_short(getattr(row, name)) for name in _FIELDS]
    return plain + [[_short(getattr(row, table).get(name)) for name in names[table]] for table in _TABLES]


def _short(value: Value) -> Value:
    """Numbers as exact as anybody can hear; what JSON or a browser has no word for as nothing, or as text."""
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return str(value) if isinstance(value, int) and abs(value) > _EXACT else value


def _label(name: str) -> dict[str, Any]:
    return {"name": name, **vars(LABELS.get(name) or _unknown(name))}


def _unknown(name: str) -> MeasureLabel:
    """A measure that nobody has named here yet: by the unit at its end."""
    for ending, (unit, digits, scale) in _UNITS.items():
        if name.endswith(ending):
            return MeasureLabel(name.removesuffix(ending).replace("_", " "), unit, digits, scale)
    return MeasureLabel(name.replace("_", " "))


def _json(data: Any) -> str:
    """JSON that is safe inside a script element: nothing in it can end the element or begin another."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _script() -> str:
    """All scripts as one; in them, what came from outside becomes text or a fixed attribute, never HTML."""
    return '"use strict";\n(() => {\n' + "\n".join(_part(f"{name}.js") for name in _SCRIPTS) + "})();\n"


@cache
def _part(name: str) -> str:
    return (files("f5_pipeline") / "delivery" / "page" / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    """What the content security policy calls an inline script or style by."""
    return base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
