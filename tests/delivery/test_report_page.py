"""The listening page as a file: its data, and that no text escapes from the data block."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest

from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.report_page import LABELS, PEAKS, Page, PageRow, PageSection, render, waveform
from f5_pipeline.display.characters import visible_lines
from f5_pipeline.quality.signal import QualityMeasures
from f5_pipeline.quality.thresholds import Thresholds
from tests.delivery.pages import HOSTILE, data_of


class Elements(HTMLParser):
    """The elements of a page, as a tokenizer sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data


def test_the_data_of_a_row_is_complete_and_exact() -> None:
    row = PageRow(
        "a",
        'Say "hello" & goodbye.',
        spoken="say hello and goodbye",
        voice="anna",
        audio="audio/a.wav",
        seconds=1.23456789,
        measures={"level_db": -20.5, "note": "odd", "broken": math.nan},
        columns={"scene": "3"},
    )
    data = data_of(render(Page("b", "WAV", [row, PageRow("z", "")])))
    first = dict(zip(data["fields"], data["rows"][0], strict=True))
    assert (first["id"], first["text"], first["spoken"], first["seconds"]) == (row.id, row.text, row.spoken, 1.2346)
    assert dict(zip([label["name"] for label in data["measures"]], first["measures"], strict=True)) == {
        "level_db": -20.5,
        "note": "odd",
        "broken": None,
    }
    assert (data["columns"], first["columns"]) == (["scene"], ["3"])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_element(text: str) -> None:
    harmless = Elements(render(Page("b", "x", [PageRow("a", "x", reason="x", columns={"x": "x"})], [])))
    page = render(
        Page("b", text, [PageRow("a", text, reason=text, columns={text: text})], [PageSection(text, text, 1, 1)])
    )
    hostile = Elements(page)
    assert hostile.found == harmless.found
    assert hostile.scripts[1] == harmless.scripts[1]
    displayed = dict(zip(data_of(page)["fields"], data_of(page)["rows"][0], strict=True))["text"]
    assert displayed == visible_lines(text)
    page.encode("utf-8")


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;/title&gt;&lt;b&gt;: listening page</title>" in render(Page("</title><b>", "", []))


def test_the_page_loads_nothing_from_other_hosts() -> None:
    text = render(Page("b", "", [PageRow("a", "text", audio="audio/a.wav")]))
    sources = [
        value for _, attributes in Elements(text).found for name, value in attributes.items() if name in ("src", "href")
    ]
    assert set(sources) <= {"data:,", "#list"}
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_the_same_page_gives_the_same_bytes() -> None:
    page = Page("b", "", [PageRow("a", "text", measures={"level_db": -20.0})])
    assert render(page) == render(page)


def test_every_measure_has_a_label() -> None:
    assert {part.name for part in fields(QualityMeasures)} <= set(LABELS)
    assert {name.partition("_")[2] for name in Thresholds.model_fields} <= set(LABELS)
    assert all(label.help.endswith(".") for label in LABELS.values())


def test_a_waveform_follows_the_peaks() -> None:
    samples = np.concatenate([np.zeros(6_000), np.full(6_000, 0.5), np.full(12_000, -1.2)]).astype(np.float32)
    peaks = base64.b64decode(waveform(samples))
    assert list(peaks) == [0] * 30 + [128] * 30 + [255] * 60


@pytest.mark.parametrize("length", [0, 1, PEAKS - 1, PEAKS + 1])
def test_a_waveform_of_very_few_samples(length: int) -> None:
    samples: Samples = np.full(length, 0.25, dtype=np.float32)
    assert set(base64.b64decode(waveform(samples))) <= {64}
    assert len(base64.b64decode(waveform(samples))) == min(length, PEAKS)
