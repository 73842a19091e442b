"""Deciding on lines in the listening page, in Chromium and Firefox: takes, texts, notes, and what leaves the page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.formats import Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.page_words import page_words
from f5_pipeline.delivery.report_page import Page, PageDecision, PageRow, PageSection, PageTake, render, waveform
from f5_pipeline.delivery.spectrogram import spectrogram
from f5_pipeline.manifests.decisions import ListenerDecision, parse_decisions, read_decisions
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.server.app import files_app
from f5_pipeline.server.listen import bind, serving
from f5_pipeline.storage.local import LocalStore
from tests.browser import Open, played, until
from tests.delivery.batch import RATE

pytestmark = pytest.mark.slow

KEYS = {f"line-{number}": f"{number:064x}" for number in range(1, 6)}
OTHER = "f" * 64
TEXT = "It was a dark and stormy night."


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, voices: dict[str, Samples]) -> Path:
    """A page of five lines: the second is suspect and has two takes; the fourth and the fifth were decided before."""
    folder = tmp_path_factory.mktemp("batch")
    for name in ("audio", "takes", "references"):
        (folder / name).mkdir()
    rows = []
    decisions = {
        "line-4": PageDecision("accept", 1, KEYS["line-4"], "well done", "", True),
        "line-5": PageDecision("respeak", 1, OTHER, "", "The old text.", True),
    }
    for number, (id, key) in enumerate(KEYS.items(), start=1):
        samples = voices["m1"][: RATE + number * 4_000]
        (folder / f"audio/{id}.mp3").write_bytes(encode(samples, RATE, Encoding("mp3")))
        suspect = number == 2
        text = TEXT if id != "line-5" else "The new text."
        times = [0.0, 0.2, None, 0.5, None, 0.8, 1.0] if suspect else []
        rows.append(
            PageRow(
                id,
                text,
                spoken=text.lower(),
                voice="anna",
                status="suspect" if suspect else "ok",
                reason="a gap of 1.6 s" if suspect else "",
                audio=f"audio/{id}.mp3",
                seconds=samples.size / RATE,
                peaks=waveform(samples),
                spectrogram=spectrogram(samples, RATE),
                words=page_words(IndexRow(id, text), times),
                key=key,
                take=2 if id == "line-5" else 1,
                takes=[_take(folder, voices["f2"][:26_000])] if suspect else [],
                decision=decisions.get(id),
                attempts=2 if suspect or id == "line-5" else 1,
                measures={"level_db": -20.0},
            )
        )
    (folder / "references/anna.mp3").write_bytes(encode(voices["m1"], RATE, Encoding("mp3")))
    section = PageSection("all", "audio/line-1.mp3", 5.0, 2, spans=(("line-1", 0.0, 1.2), ("line-2", 1.5, 2.75)))
    page = Page("night", "MP3", rows, [section], references={"anna": "references/anna.mp3"})
    (folder / "report.html").write_text(render(page), encoding="utf-8")
    return folder / "report.html"


def _take(folder: Path, samples: Samples) -> PageTake:
    (folder / "takes/line-2.2.mp3").write_bytes(encode(samples, RATE, Encoding("mp3")))
    return PageTake(
        2, OTHER, "suspect", "missing: dark", "takes/line-2.2.mp3", samples.size / RATE, waveform(samples), ""
    )


#: Keeps what a page saves. Playwright hears of no downloads from Firefox.
RECORD = """() => {
    const [make, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
    URL.createObjectURL = (blob) => { window.saved = blob; return make(blob); };
    HTMLAnchorElement.prototype.click = function () { window.savedAs = this.download; click.call(this); };
}"""


def is_firefox(page: Any) -> bool:
    return bool(page.context.browser.browser_type.name == "firefox")


def saved(page: Any, button: str) -> tuple[str, str]:
    """The name and the content of the file that a button saves."""
    if is_firefox(page):
        page.evaluate(RECORD)
        page.click(button)
        return page.evaluate("window.savedAs"), page.evaluate("window.saved.text()")
    with page.expect_download() as download:
        page.click(button)
    return download.value.suggested_filename, Path(download.value.path()).read_bytes().decode()


def exported(page: Any) -> dict[str, ListenerDecision]:
    """The decisions that the page exports, as the pipeline reads them."""
    name, text = saved(page, "#export")
    assert name == "night.decisions.csv"
    return parse_decisions(text.encode(), name)


def go_to(page: Any, id: str) -> None:
    page.click(f".row:has([aria-label='Speak again: {id}']) .text")


#: The decisions that were stored before, which every export has.
BEFORE = {
    "line-4": ListenerDecision("line-4", "accept", 1, KEYS["line-4"], note="well done"),
    "line-5": ListenerDecision("line-5", "respeak", 1, OTHER, "The old text.", "The new text."),
}


def decide_everything(page: Any) -> dict[str, ListenerDecision]:
    """Decide on three lines with the keyboard; returns the decisions."""
    page.keyboard.press("j")  # line-2: suspect lines come first
    page.keyboard.press("t")
    page.wait_for_selector(".take[aria-pressed=true]:has-text('Take 2')")
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.fill("#text-edit", 'It was, "really", a calm night.')
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.press("c")
    page.keyboard.type("too fast; =1+1")
    page.keyboard.press("Enter")
    return {
        "line-1": ListenerDecision("line-1", "respeak", 1, KEYS["line-1"], TEXT, 'It was, "really", a calm night.'),
        "line-2": ListenerDecision("line-2", "accept", 2, OTHER),
        "line-3": ListenerDecision("line-3", "respeak", 1, KEYS["line-3"], note="too fast; =1+1"),
    }


# --- decisions ------------------------------------------------------------------------------------------------


def test_decisions_survive_a_reload_and_are_exported(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    decided = decide_everything(page)
    page.reload()
    page.wait_for_selector(".row")
    assert page.text_content("#export") == "Export 3 decisions"
    assert page.text_content(".row .text.edited") == 'It was, "really", a calm night.'
    assert exported(page) == decided | BEFORE
    assert "f5-pipeline decide night night.decisions.csv" in page.text_content("#message")


def test_exported_decisions_can_be_imported_elsewhere(opened_in_both: Open, path: Path, tmp_path: Path) -> None:
    page = opened_in_both(path)
    decided = decide_everything(page)
    table = saved(page, "#export")[1].replace("line-3", "line-9")
    (tmp_path / "night.csv").write_text("\ufeff" + table)
    other = opened_in_both(path)
    other.set_input_files("#decisions-file", tmp_path / "night.csv")
    until(other, "document.getElementById('message').textContent.includes('read')")
    assert "4 decisions read; 1 line is not on this page" in other.text_content("#message")
    del decided["line-3"]
    assert exported(other) == decided | BEFORE


def test_decisions_can_be_withdrawn(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    decide_everything(page)
    page.select_option("#sort", "Manifest order")
    for id, key in [("line-1", "r"), ("line-2", "a"), ("line-3", "r"), ("line-4", "a")]:
        go_to(page, id)
        if id == "line-2":
            page.keyboard.press("t")
        page.keyboard.press(key)
    go_to(page, "line-4")
    page.fill("#note", "")
    found = exported(page)
    assert found["line-4"].is_empty  # an empty row withdraws the decision in the store
    assert found["line-3"] == ListenerDecision("line-3", note="too fast; =1+1")
    assert set(found) == {"line-3", "line-4", "line-5"}


def test_earlier_decisions_are_shown(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    go_to(page, "line-4")
    assert page.text_content("#decision") == "take 1 accepted"
    assert page.input_value("#note") == "well done"
    go_to(page, "line-5")
    assert page.text_content("#decision") == ""  # it was spoken again, and waits for a decision
    page.select_option("#decided", "accept")
    assert page.locator(".row").count() == 1


def test_a_text_that_is_edited_back_is_no_decision(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    go_to(page, "line-1")
    for text in ("Something else.", TEXT):
        page.click("#edit")
        page.fill("#text-edit", text)
        page.click("#edit-done")
    assert page.text_content("#export") == "Export decisions"
    page.click("#edit")
    page.fill("#text-edit", "A mistake.")
    page.keyboard.press("Escape")
    assert page.text_content("#text") == TEXT
    assert page.text_content("#export") == "Export decisions"


def test_a_damaged_memory_of_the_browser_is_ignored(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.evaluate("localStorage.setItem(`f5-pipeline decisions night ${location.pathname}`, '{\"')")
    page.reload()
    page.wait_for_selector(".row")
    assert page.text_content("#export") == "Export decisions"


@pytest.mark.parametrize("known", [True, False])
def test_a_server_stores_decisions(opened_in_both: Open, path: Path, tmp_path: Path, known: bool) -> None:
    """The server of ``f5-pipeline ui``. It refuses a decision on a line that the batch no longer has."""
    store = LocalStore(tmp_path / "store")
    shutil.copytree(path.parent, tmp_path / "store" / "batches" / "night")
    store.write("manifests/night.csv", b"id,text\n")
    rows = [IndexRow(id, TEXT, key=key, attempts=1) for id, key in KEYS.items() if known or id != "line-1"]
    write_index(store, "night", rows)
    with bind("127.0.0.1", 0, "--port") as bound, serving(files_app(store, tmp_path), bound):
        page = opened_in_both(f"http://127.0.0.1:{bound.getsockname()[1]}/batches/night/report.html")
        page.select_option("#sort", "Manifest order")
        page.keyboard.press("j")
        page.keyboard.press("r")
        page.click("#save")
        until(page, "/aved/.test(document.getElementById('message').textContent)")
        said = page.text_content("#message")
    if known:
        assert said == "Saved. To carry them out: f5-pipeline run night"
        assert read_decisions(store, "night")["line-1"].decision == "respeak"
    else:
        assert said.startswith("Not saved: ")
        assert "line-1" in said
        assert read_decisions(store, "night") == {}
        page.errors.clear()  # browsers log the answer


def test_without_such_a_server_nothing_can_be_saved(opened_in_both: Open, path: Path) -> None:
    assert opened_in_both(path).is_hidden("#save")


# --- hearing --------------------------------------------------------------------------------------------------


def test_takes_and_the_reference_are_heard_side_by_side(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    assert page.eval_on_selector_all("#takes button", "all => all.map(one => one.textContent)") == [
        "Take 1 ✓",
        "Take 2",
        "Reference",
    ]
    assert page.text_content("#reason") == "a gap of 1.6 s"
    page.keyboard.press("t")
    played(page)
    assert page.text_content("#reason") == "missing: dark"
    assert page.text_content("#clock").endswith("/ 1.1 s")
    page.keyboard.press("v")
    until(page, "document.querySelector('.take[aria-pressed=true]').textContent === 'Reference'")
    played(page)
    if is_firefox(page):  # Playwright hears of no files
        return
    loaded = [url.rsplit("/", 2)[1:] for url in page.requested[1:]]
    assert [name for at, name in enumerate(loaded) if name not in loaded[:at]] == [
        ["takes", "line-2.2.mp3"],
        ["references", "anna.mp3"],
    ]


def test_another_take_continues_where_the_first_was(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    if is_firefox(page):
        pytest.skip("the sound device of Firefox has no clock: see tests/browser.py")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    until(page, "parseFloat(document.getElementById('clock').textContent) > 0.5")
    page.keyboard.press("Space")
    page.keyboard.press("t")
    until(page, "document.getElementById('clock').textContent.endsWith('/ 1.1 s')")
    until(page, "parseFloat(document.getElementById('clock').textContent) > 0.3")


def test_words_are_lit_as_they_are_spoken(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    assert page.locator(".word").count() == 7
    assert page.locator(".word.lit").count() == 0
    page.click(".word >> nth=3")
    until(page, "document.querySelector('.word.lit') !== null")
    lit = page.evaluate("[...document.querySelectorAll('.word')].findIndex((one) => one.classList.contains('lit'))")
    assert lit >= 3
    assert "estimated" not in (page.get_attribute("#text", "title") or "")
    page.keyboard.press("j")
    assert "estimated" in page.get_attribute("#text", "title")


def test_the_spectrogram_is_shown_and_zoomed(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    assert page.is_hidden("#spectrogram")
    page.keyboard.press("z")
    assert page.evaluate("document.getElementById('spectrogram').decode().then(() => true)")
    width = page.locator("#wave").bounding_box()["width"]
    page.keyboard.press("+")
    assert page.locator("#wave").bounding_box()["width"] == pytest.approx(2 * width, rel=0.02)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.click(".take:has-text('Take 2')")
    assert page.is_visible("#no-spectrogram")
    page.keyboard.press("z")
    assert page.is_hidden("#spectrogram")


def test_speed_and_loop(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    page.keyboard.press(">")
    page.keyboard.press(".")
    assert page.input_value("#speed") == "1.5"
    page.keyboard.press("<")
    assert page.input_value("#speed") == "1.25"
    page.keyboard.press("l")
    assert page.get_attribute("#loop", "aria-pressed") == "true"
    page.keyboard.press("Space")
    page.wait_for_timeout(1_800)  # longer than the clip
    assert page.get_attribute("#play", "aria-label") == "Pause"


# --- files ----------------------------------------------------------------------------------------------------


def label_track(page: Any, button: str) -> tuple[str, list[list[str]]]:
    name, text = saved(page, button)
    return name, [line.split("\t") for line in text.splitlines()]


def test_label_tracks_have_words_and_lines(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    name, labels = label_track(page, "#labels")
    assert name == "line-2.labels.txt"
    assert labels[0] == ["0.000", "0.200", "It"]
    assert [label[2] for label in labels] == ["It", "was", "dark", "stormy", "night."]  # only words with known times
    page.keyboard.press("j")
    assert label_track(page, "#labels")[1] == [["0.000", "1.167", TEXT]]
    page.click("#sections summary")
    assert label_track(page, ".sections .link") == (
        "all.labels.txt",
        [["0.000", "1.200", "line-1"], ["1.500", "2.750", "line-2"]],
    )


def test_one_clip_can_be_downloaded(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    assert (page.get_attribute("#download", "href"), page.get_attribute("#download", "download")) == (
        "audio/line-2.mp3",
        "line-2.mp3",
    )
    page.click(".take:has-text('Take 2')")
    assert page.get_attribute("#download", "href") == "takes/line-2.2.mp3"


def test_a_measure_is_explained(opened_in_both: Open, path: Path) -> None:
    page = opened_in_both(path)
    page.keyboard.press("j")
    page.click(".term:has-text('level')")
    assert page.text_content("#hint") == "Level: Loudness of the speech, without its silence."
    assert page.get_attribute(".term:has-text('level')", "title") in page.text_content("#hint")
