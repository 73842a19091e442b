"""Rendering the listening page of a batch, ``report.html``: one HTML file that needs only the audio beside it.

Template, style and scripts are in ``page/``; ``delivery.page_rows`` provides the content. The page is safe for hostile
texts: the data is a JSON block that cannot close its element, the scripts never parse HTML, and a content security
policy forbids everything else. The same content renders to the same bytes.
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
from f5_pipeline.display.characters import visible_lines

PEAKS = 120  # values in a waveform

Value = float | int | str | bool | None


@dataclass(frozen=True)
class PageTake:
    """A take of a line that was not chosen."""

    take: int  # its number
    key: str  # its clip key
    status: str
    reason: str
    audio: str  # URL
    seconds: float
    peaks: str = ""
    spectrogram: str = ""


@dataclass(frozen=True)
class PageDecision:
    """What a listener has decided about a line; stored with the manifest."""

    action: str  # "accept", "respeak" or ""
    take: int
    key: str
    note: str
    original: str  # the manifest's text, if the listener changed it
    in_force: bool  # it was carried out, and still is


@dataclass(frozen=True)
class PageRow:
    """One row of the page: a line of the batch."""

    id: str
    text: str
    spoken: str = ""
    voice: str = ""
    model: str = ""
    status: str = "ok"
    reason: str = ""
    notes: str = ""
    section: str = ""
    audio: str = ""  # URL, relative to the page or absolute; "": no audio
    seconds: float = 0.0
    peaks: str = ""  # from ``waveform``
    spectrogram: str = ""  # from ``spectrogram``
    words: Sequence[int] = ()  # from ``page_words``
    key: str = ""  # the clip key
    take: int = 0  # the number of the take that was chosen
    takes: Sequence[PageTake] = ()  # the others
    decision: PageDecision | None = None
    seed: int | None = None
    attempts: int = 0
    measures: Mapping[str, Value] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own columns


@dataclass(frozen=True)
class PageSection:
    """A joined file."""

    name: str
    audio: str  # URL
    seconds: float
    lines: int
    subtitles: tuple[str, ...] = ()  # URLs
    missing: tuple[str, ...] = ()  # ids without audio
    spans: tuple[tuple[str, float, float], ...] = ()  # id, start and end of each line in seconds


@dataclass(frozen=True)
class Page:
    """The content of the listening page."""

    batch: str
    about: str  # one line: format, loudness, …
    rows: Sequence[PageRow]
    sections: Sequence[PageSection] = ()
    unplayable: str = ""  # the format of the files, if browsers do not play it
    references: Mapping[str, str] = field(default_factory=dict)  # URLs of the voices' recordings, by voice


@dataclass(frozen=True)
class MeasureLabel:
    """How the page displays a quality column."""

    label: str
    help: str = ""  # one sentence
    unit: str = ""
    digits: int = 2
    scale: float = 1.0


LABELS = {
    "level_db": MeasureLabel("level", "Loudness of the speech, without its silence.", "dB", 1),
    "peak_db": MeasureLabel("peak", "The highest sample; 0 dB is full scale.", "dB", 1),
    "clipped_share": MeasureLabel("clipped", "Share of samples at full scale: crackling.", "%", 2, 100.0),
    "silence_share": MeasureLabel("silence", "Share of the clip that is silent.", "%", 0, 100.0),
    "longest_gap_seconds": MeasureLabel("longest gap", "Longest silence between two sounds.", "s"),
    "lead_silence_seconds": MeasureLabel("silence before", "Silence before the first sound.", "s"),
    "tail_silence_seconds": MeasureLabel("silence after", "Silence after the last sound.", "s"),
    "duration_ratio": MeasureLabel(
        "of expected", "Length of the speech, compared with what the text should take.", "%", 0, 100.0
    ),
    "chars_per_second": MeasureLabel("speech rate", "Letters and digits per second.", "char/s", 1),
    "noise_floor_db": MeasureLabel("noise floor", "Level of the quietest tenth, relative to the speech.", "dB", 1),
    "end_db": MeasureLabel(
        "level at the end", "Level of the last 10 ms, relative to the speech: high if the clip is cut off.", "dB", 1
    ),
    "noise_seconds": MeasureLabel("noise", "Longest stretch that sounds like noise.", "s"),
    "steady_seconds": MeasureLabel("steady sound", "Longest unchanging sound: a hum or a drone.", "s"),
    "repeat_score": MeasureLabel("repetition", "Similarity of two stretches in a row: repeated speech.", "%", 0, 100.0),
    "penalty": MeasureLabel("penalty", "How far the measures are beyond their limits; the best take has the lowest."),
    "overrun_seconds": MeasureLabel("overrun", "Speech after the start of the next line.", "s"),
    "missing_words": MeasureLabel("missing words", "Words of the text that the recogniser did not hear."),
    "repeated_words": MeasureLabel("repeated words", "Words that the recogniser heard twice."),
    "added_words": MeasureLabel("added words", "Words that the recogniser heard and the text does not have."),
    "leaked_words": MeasureLabel("leaked words", "Words of the voice's reference before the text."),
    "misheard_words": MeasureLabel("misheard words", "Words that the recogniser heard as others."),
    "word_error_rate": MeasureLabel("word error rate", "Word errors over the words of the text."),
    "heard_text": MeasureLabel("heard text", "What the recogniser heard."),
    "recogniser": MeasureLabel("recogniser", "The speech recogniser that transcribed the clip."),
    "speaker_similarity": MeasureLabel("voice", "Similarity to the voice's reference recording, 0 to 1."),
    "speaker_margin": MeasureLabel(
        "voice margin", "The similarity, less that to the nearest other voice; below 0, a part is nearer to that one."
    ),
    "speaker_consistency": MeasureLabel("voice consistency", "Lowest similarity of a part of the line to the rest."),
    "nearest_voice": MeasureLabel("nearest voice", "The voice that the clip, or a part of it, is nearer to."),
    "mos": MeasureLabel("MOS", "Predicted mean opinion score: how good it sounds, from 1 to 5."),
    "speed": MeasureLabel("speed", "The factor of the speech rate that fits the line into its time."),
}
_UNITS = {"_seconds": ("s", 2, 1.0), "_db": ("dB", 1, 1.0), "_share": ("%", 1, 100.0)}
_EXACT = 2**53  # JavaScript rounds larger integers
_ROW_MEASURE = "chars_per_second"  # displayed in every row

# One scope, in this order.
_SCRIPTS = ("data", "csv", "decisions", "head", "list", "player", "desk", "takes", "words", "files", "keys")
_VERSION = 3  # of the page's data: raise it when the scripts can no longer read older data
_TABLES = ("measures", "columns")
_NESTED = ("takes", "decision", "words")
_FIELDS = tuple(name for name in PageRow.__dataclass_fields__ if name not in _TABLES)


def render(page: Page) -> str:
    """The page as HTML."""
    return _fill(_data(page))


def with_links(text: str, link: Callable[[str], str], expires: int | None) -> str:
    """A rendered page with links in place of the files beside it.

    Args:
        text: the rendered page.
        link: returns the URL of a file of the page ("audio/a.mp3").
        expires: when the links expire, in seconds since 1970; None: never.

    Raises:
        ValueError: the text is not a page of this version.
    """
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(block[1]) if block else {}
    if data.get("version") != _VERSION:
        raise ValueError("not a page of this version")
    column = data["fields"].index("audio")
    takes = data["fields"].index("takes")
    names = [row[column] for row in data["rows"] if row[column]]
    names += [take["audio"] for row in data["rows"] for take in row[takes] or ()]
    names += data["references"].values()
    names += [name for section in data["sections"] for name in (section["audio"], *section["subtitles"])]
    return _fill(data | {"links": {name: link(name) for name in names}, "expires": expires})


def _fill(data: dict[str, Any]) -> str:
    script, style = _script(), _part("report.css")
    values = {
        "title": html.escape(f"{data['batch']}: listening page"),
        "script": script,
        "script_hash": _hash(script),
        "style": style,
        "style_hash": _hash(style),
        "data": _json(data),
    }
    # In one pass, so that a placeholder inside a text is not replaced.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _part("report.html"))
    return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be encoded


def waveform(samples: Samples) -> str:
    """The peaks of a clip as base64: ``PEAKS`` magnitudes of 0 … 255; "" if there are no samples."""
    if samples.size == 0:
        return ""
    starts = np.linspace(0, samples.size, min(PEAKS, samples.size) + 1).astype(int)[:-1]
    peaks = np.minimum(1.0, np.maximum.reduceat(np.abs(samples), starts))
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
        "references": dict(page.references),
        "measures": [_label(name) for name in names["measures"]],
        "columns": [visible_lines(name) for name in names["columns"]],
        "rowMeasure": _label(_ROW_MEASURE),
        "unplayable": page.unplayable,
    }


def _row(row: PageRow, names: Mapping[str, Sequence[str]]) -> list[Any]:
    plain = [_nested(row, name) if name in _NESTED else _short(getattr(row, name)) for name in _FIELDS]
    return plain + [[_short(getattr(row, table).get(name)) for name in names[table]] for table in _TABLES]


def _nested(row: PageRow, name: str) -> Any:
    """The takes, the decision or the words of a row; null if there are none."""
    if name == "takes":
        return [{each: _short(value) for each, value in vars(take).items()} for take in row.takes] or None
    if name == "decision":
        return row.decision and {each: _short(value) for each, value in vars(row.decision).items()}
    return list(row.words) or None


def _short(value: Value) -> Value:
    """A value for JSON: floats rounded, non-finite numbers as null, integers too large for JavaScript as text, texts
    without control characters."""
    if isinstance(value, str):
        return visible_lines(value)
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return str(value) if isinstance(value, int) and abs(value) > _EXACT else value


def _label(name: str) -> dict[str, Any]:
    return {"name": name, **vars(LABELS.get(name) or _default_label(name))}


def _default_label(name: str) -> MeasureLabel:
    """The label of a measure without one in ``LABELS``: by the unit in its name."""
    for ending, (unit, digits, scale) in _UNITS.items():
        if name.endswith(ending):
            return MeasureLabel(name.removesuffix(ending).replace("_", " "), "", unit, digits, scale)
    return MeasureLabel(name.replace("_", " "))


def _json(data: Any) -> str:
    """JSON that is safe inside a script element: it can neither close the element nor open another."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _script() -> str:
    """All scripts as one. They insert data as text or as fixed attributes, never as HTML."""
    return '"use strict";\n(() => {\n' + "\n".join(_part(f"{name}.js") for name in _SCRIPTS) + "})();\n"


@cache
def _part(name: str) -> str:
    return (files("f5_pipeline") / "delivery" / "page" / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    """The hash by which the content security policy allows an inline script or style."""
    return base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
