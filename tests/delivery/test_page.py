"""The listening page in Chromium, used by mouse, by keyboard and on a phone."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.report_page import Page, PageRow, PageSection, render, waveform
from f5_pipeline.display.characters import visible_lines
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.storage.local import LocalStore
from tests.browser import Open, played, until
from tests.delivery.batch import RATE, Batch
from tests.delivery.pages import HOSTILE

pytestmark = pytest.mark.slow


def rows_of(page: Any) -> list[str]:
    """The ids of the rows that exist as elements, from top to bottom."""
    buttons = page.eval_on_selector_all(".row .again", "all => all.map(one => one.getAttribute('aria-label'))")
    return [label.removeprefix("Speak again: ") for label in buttons]


def current(page: Any) -> str:
    """The id of the selected line."""
    return str(page.text_content("#meta")).split(" · ")[0].removeprefix("suspect").removeprefix("rejected")


PLAYED = [name for name, format in FORMATS.items() if format.played_by_browsers]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, voices: dict[str, Samples]) -> Path:
    """A page of twelve lines in two voices: two suspect, one rejected, one with a formula; every format."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "audio").mkdir()
    speech = voices["m1"]
    rows = []
    formats = [*PLAYED, *["mp3"] * 5]
    for number, format in enumerate(formats, start=1):
        status = {3: "suspect", 7: "suspect", 9: "rejected"}.get(number, "ok")
        id, length = f"line-{number:02}", RATE + number * 500
        audio = "" if status == "rejected" else f"audio/{id}.{format}"
        if audio:
            (folder / audio).write_bytes(encode(speech[:length], RATE, Encoding(format)))
        rows.append(
            PageRow(
                id,
                f"This is the text of line {number}.",
                spoken=f"This is the text of line {number} spelled out.",
                voice="anna" if number % 2 else "bruno",
                model="demo",
                status=status,
                reason={"suspect": "a gap of 1.4 s", "rejected": "the text is empty"}.get(status, ""),
                section="one" if number <= 6 else "two",
                audio=audio,
                seconds=length / RATE if audio else 0.0,
                peaks=waveform(speech[:length]) if audio else "",
                seed=number,
                attempts=1,
                measures={"level_db": -20.0 - number, "chars_per_second": 15.0},
                key=f"{number:064x}" if audio else "",
                take=1,
                columns={"scene": "=1+1" if number == 2 else ""},
            )
        )
    sections = [
        PageSection("one", rows[0].audio, 6.0, 6, ("one.srt",), ()),
        PageSection("two", rows[1].audio, 5.0, 5, (), ("line-09",)),
    ]
    (folder / "report.html").write_text(render(Page("night", "MP3, 24 kHz", rows, sections)), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, speech: Samples) -> Path:
    """A page of 10,000 lines."""
    path = tmp_path_factory.mktemp("large") / "report.html"
    peaks = waveform(speech)
    rows = [
        PageRow(
            f"{n:04}",
            f"Line number {n} " + "word " * (n % 60),
            voice=f"v{n % 7}",
            status="suspect" if n % 50 == 7 else "ok",
            audio=f"audio/{n:04}.mp3",
            seconds=3.0,
            peaks=peaks,
            measures={"level_db": -20.0},
        )
        for n in range(10_000)
    ]
    path.write_text(render(Page("large", "", rows)), encoding="utf-8")
    return path


# --- content --------------------------------------------------------------------------------------------------


def test_the_head_summarises_the_batch(opened: Open, small: Path) -> None:
    page = opened(small)
    assert page.text_content("h1") == "night"
    numbers = page.eval_on_selector_all("#numbers div", "all => all.map(one => one.textContent)")
    assert numbers == ["lines12", "audio12 s", "voices2", "suspect2"]
    assert page.eval_on_selector_all(".chips button", "all => all.map(one => one.textContent)") == [
        "12all",
        "9ok",
        "1rejected",
        "2suspect",
    ]
    assert "line-09the text is empty" in page.text_content("#unspoken")
    assert page.is_visible("#unspoken tbody")
    assert "without 1 line that could not be spoken: line-09" in page.text_content("#sections")


def test_suspects_come_first_then_manifest_order(opened: Open, small: Path) -> None:
    assert rows_of(opened(small))[:5] == ["line-03", "line-07", "line-09", "line-01", "line-02"]


def test_the_selected_line_is_shown_with_its_details(opened: Open, small: Path) -> None:
    page = opened(small)
    page.click(".row >> nth=0")
    assert page.text_content("#text") == "This is the text of line 3."
    assert page.text_content("#spoken") == "This is the text of line 3 spelled out."
    assert page.text_content("#reason") == "a gap of 1.4 s"
    assert "−23.0" in page.text_content("#measures")
    assert page.get_attribute(".row >> nth=0", "aria-current") == "true"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_text(opened: Open, tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.html"
    row = PageRow(
        "a", text, spoken=text + "!", voice=text, status="suspect", reason=text, section=text, columns={text: text}
    )
    path.write_text(render(Page(text, text, [row], [PageSection(text, "audio/x.mp3", 1, 1)])), encoding="utf-8")
    page = opened(path)
    page.keyboard.press("j")
    displayed = visible_lines(text)
    assert page.text_content("#text") == displayed
    assert page.text_content(".row .text") == displayed
    assert page.text_content("h1") == text.replace("\ud800", "?")  # the name of a batch, which is checked elsewhere
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.querySelectorAll('script').length") == 2


def test_the_content_security_policy_blocks_an_injected_script(opened: Open, small: Path, tmp_path: Path) -> None:
    text = small.read_text(encoding="utf-8").replace("</body>", "<script>window.pwned = 1</script></body>")
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    page = opened(path)
    assert page.evaluate("window.pwned") is None
    assert "Content Security Policy" in page.errors.pop()


def test_an_empty_batch_has_a_page(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(Page("empty", "", [])), encoding="utf-8")
    page = opened(path)
    page.keyboard.press("j")
    page.keyboard.press("Space")
    assert page.is_hidden("#desk")


# --- playing --------------------------------------------------------------------------------------------------


def test_no_audio_is_loaded_before_it_is_played(opened: Open, small: Path) -> None:
    page = opened(small)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.requested == [small.as_uri()]
    page.keyboard.press("Space")
    played(page)
    assert set(page.requested[1:]) == {(small.parent / "audio/line-07.m4b").as_uri()}


@pytest.mark.parametrize("number", range(1, len(PLAYED) + 1))
def test_every_format_plays(opened: Open, small: Path, number: int) -> None:
    page = opened(small)
    page.fill("#search", f"line-{number:02}")
    page.click(".row .icon >> nth=0")
    played(page)


def test_space_plays_and_pauses(opened: Open, small: Path) -> None:
    page = opened(small)
    page.keyboard.press("Space")
    played(page)
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Space")
    page.wait_for_selector("#play[aria-label=Play]")
    stopped = page.text_content("#clock")
    page.wait_for_timeout(150)
    assert page.text_content("#clock") == stopped


def test_keep_playing_continues_with_the_next_line(opened: Open, small: Path) -> None:
    page = opened(small)
    page.check("#play-on")
    page.select_option("#sort", "Manifest order")
    page.click("[aria-label='Play line-08']")
    until(page, "document.getElementById('meta').textContent.includes('line-10')")
    played(page)


def test_a_click_into_the_waveform_plays_from_that_position(opened: Open, small: Path) -> None:
    page = opened(small)
    box = page.locator(".row .wave >> nth=0").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + 10)
    until(page, "parseFloat(document.getElementById('clock').textContent) > 0.55")


def test_arrows_seek_in_a_clip(opened: Open, small: Path) -> None:
    page = opened(small)
    page.keyboard.press("Space")
    played(page)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    until(page, "document.getElementById('clock').textContent.startsWith('0.0 s')")


def test_missing_audio_is_reported(opened: Open, tmp_path: Path, speech: Samples) -> None:
    path = tmp_path / "report.html"
    row = PageRow("a", "text", audio="audio/gone.mp3", seconds=1.0, peaks=waveform(speech))
    path.write_text(render(Page("b", "", [row])), encoding="utf-8")
    page = opened(path)
    page.keyboard.press("Space")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "audio/gone.mp3" in page.text_content("#trouble")
    assert "ERR_FILE_NOT_FOUND" in page.errors.pop()


def test_the_page_works_from_a_web_server(opened: Open, small: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(small.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = opened(f"http://127.0.0.1:{server.server_port}/report.html")
        page.keyboard.press("Space")
        played(page)
        server.shutdown()


def test_a_delivered_batch_plays_from_its_folder(opened: Open, tmp_path: Path, voices: dict[str, Samples]) -> None:
    store = LocalStore(tmp_path / "store")
    batch = Batch(store, voices)
    batch.settings = BatchSettings(format="mp3", join_sections=True, subtitles="vtt")
    page = opened(Path(store.location(batch.deliver().report_key)))
    assert rows_of(page) == ["line-2", "line-4", "line-5", "line-1", "line-3", "line-6"]
    page.keyboard.press("Space")
    played(page)
    page.click("#sections summary")
    page.evaluate("document.querySelector('.sections audio').play()")
    until(page, "document.querySelector('.sections audio').currentTime > 0.1")
    assert page.get_attribute("#play", "aria-label") == "Play"  # only one plays at a time
    assert page.get_attribute(".sections a >> nth=1", "href") == "one.vtt"


# --- search and order -----------------------------------------------------------------------------------------


def test_filters_by_search_verdict_voice_and_section_and_order(opened: Open, small: Path) -> None:
    page = opened(small)
    page.fill("#search", "TEXT line-04")
    assert rows_of(page) == ["line-04"]
    page.fill("#search", "no such words")
    assert page.is_visible("#nothing")
    page.click("#clear")
    assert len(rows_of(page)) == 12
    page.click(".chips .suspect")
    assert rows_of(page) == ["line-03", "line-07"]
    page.select_option("#section", "two")
    assert rows_of(page) == ["line-07"]
    page.click(".chips .suspect")
    page.select_option("#section", "")
    page.select_option("#voice", "bruno")
    page.select_option("#sort", "Longest first")
    assert rows_of(page) == ["line-12", "line-10", "line-08", "line-06", "line-04", "line-02"]
    assert page.text_content("#shown").startswith("6 of 12 lines")


def test_lines_can_be_ordered_by_a_measure(opened: Open, small: Path) -> None:
    page = opened(small)
    names = page.eval_on_selector_all("#sort option", "all => all.map(one => one.value)")
    lowest = next(name for name in names if name.lower().startswith("level") and name.endswith("lowest"))
    page.select_option("#sort", lowest)
    assert rows_of(page)[:3] == ["line-12", "line-11", "line-10"]


def test_unknown_measures_and_columns_are_shown_and_sortable(opened: Open, tmp_path: Path) -> None:
    measures = {"missing_words": 2, "word_error_rate": 0.125, "laughter_seconds": 1.5, "emotion": "calm", "sung": True}
    rows = [
        PageRow("a", "one", seed=2**60 + 1, measures=measures, columns={"take": "10"}),
        PageRow("b", "two", measures={"missing_words": 5}, columns={"take": "9"}),
        PageRow("c", "three", measures={"missing_words": None}, columns={"take": ""}),
    ]
    path = tmp_path / "report.html"
    path.write_text(render(Page("b", "", rows)), encoding="utf-8")
    page = opened(path)
    page.select_option("#sort", "missing words, highest")
    assert rows_of(page) == ["b", "a", "c"]
    page.select_option("#sort", "take, highest")
    assert rows_of(page) == ["a", "b", "c"]
    page.select_option("#sort", "take, lowest")
    assert rows_of(page) == ["b", "a", "c"]
    page.click(".row >> nth=1")
    facts = page.eval_on_selector_all("#measures div", "all => all.map(one => one.textContent)")
    assert facts == [
        "missing words2",
        "word error rate0.13",
        "laughter1.50 s",
        "emotioncalm",
        "sungyes",
        f"seed{2**60 + 1}",  # exact, though JavaScript would round it
        "take10",
    ]


def test_the_selected_line_stays_visible_when_its_details_open(opened: Open, small: Path) -> None:
    page = opened(small, width=390, height=844)
    for _ in range(6):
        page.keyboard.press("j")
    page.keyboard.press("d")
    box = page.locator(".row[aria-current=true]").bounding_box()
    assert box["y"] + box["height"] <= page.locator("#desk").bounding_box()["y"]


# --- keyboard -------------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_every_function(opened: Open, small: Path) -> None:
    page = opened(small)
    selected = []
    for key in ["j", "j", "ArrowDown", "ArrowDown", "k", "ArrowUp", "ArrowUp", "n"]:
        page.keyboard.press(key)
        selected.append(current(page))
    assert selected == ["line-03", "line-07", "line-09", "line-01", "line-09", "line-07", "line-03", "line-07"]
    page.keyboard.press("r")
    assert page.text_content("#export") == "Export 1 decision"
    page.keyboard.press("/")
    page.keyboard.type("line 5jm ")
    assert page.input_value("#search") == "line 5jm "
    page.fill("#search", "line 5")
    page.keyboard.press("Enter")
    assert current(page) == "line-05"
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert page.is_hidden("#keys")


def test_keys_work_after_a_click(opened: Open, small: Path) -> None:
    page = opened(small)
    page.click(".chips .suspect")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    played(page)
    assert rows_of(page) == ["line-03", "line-07"]
    assert current(page) == "line-07"


def test_moving_while_playing_plays_the_next_line(opened: Open, small: Path) -> None:
    page = opened(small)
    page.keyboard.press("Space")
    played(page)
    page.keyboard.press("j")
    until(page, "document.getElementById('meta').textContent.includes('line-07')")
    played(page)


# --- size -----------------------------------------------------------------------------------------------------


def test_only_visible_rows_of_10000_exist(opened: Open, large: Path) -> None:
    page = opened(large)
    most = page.evaluate("""async () => {
        let most = 0;
        for (let step = 0; step < 40; step++) {
            scrollTo(0, document.body.scrollHeight * step / 39);
            await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
            most = Math.max(most, document.querySelectorAll('.row').length);
        }
        return most;
    }""")
    assert 10 < most < 60
    assert rows_of(page)[-1] == "9999"
    assert page.get_attribute(".row >> nth=-1", "aria-setsize") == "10000"
    assert page.evaluate("document.querySelectorAll('*').length") < 3_000


#: True if the selected row is between the tools and the desk; the page scrolls shortly after a key.
IS_VISIBLE = """(() => {
    const [row, tools, desk] = ['.row[aria-current=true]', '#tools', '#desk'].map(
        (selector) => document.querySelector(selector)?.getBoundingClientRect());
    return row && row.top >= tools.height && row.bottom <= desk.top;
})()"""


def test_the_keyboard_keeps_the_selected_line_of_10000_visible(opened: Open, large: Path) -> None:
    page = opened(large)
    page.select_option("#sort", "Manifest order")
    for _ in range(30):
        page.keyboard.press("j")
    assert current(page) == "0029"
    until(page, IS_VISIBLE)
    page.keyboard.press("n")
    assert current(page) == "0057"
    assert page.locator(".row[aria-current=true]").is_visible()


def test_a_search_finds_the_last_of_10000_rows(opened: Open, large: Path) -> None:
    page = opened(large)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.fill("#search", "number 9999")
    until(page, "document.querySelectorAll('.row').length === 1")
    assert rows_of(page) == ["9999"]
    assert page.locator(".row").is_visible()


# --- layout and accessibility ---------------------------------------------------------------------------------

CONTRAST = """selector => {
    const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
        return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
    const behind = (node) => { for (; node; node = node.parentElement) {
        const colour = getComputedStyle(node).backgroundColor;
        if (!colour.endsWith(', 0)')) return colour; } };
    return Math.min(...[...document.querySelectorAll(selector)].map((node) => {
        const pair = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05); }));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_in_light_and_dark(opened: Open, small: Path, scheme: str) -> None:
    page = opened(small, color_scheme=scheme)
    page.click(".row >> nth=0")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for selector in [
        "h1",
        "#about",
        "dt",
        "dd",
        ".badge",
        ".meta",
        ".text",
        "#reason",
        "th",
        "td",
        "small",
        ".chips button",
        "#shown",
    ]:
        assert page.evaluate(CONTRAST, selector) >= 4.5, (selector, scheme)
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]") > 128
    assert bright == (scheme == "light")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_does_not_scroll_sideways(opened: Open, small: Path, width: int) -> None:
    page = opened(small, width=width, height=700)
    page.click(".row >> nth=0")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_buttons_are_large_enough_for_touch(opened: Open, small: Path) -> None:
    page = opened(small, width=390, height=844, has_touch=True, is_mobile=True)
    page.tap(".row .icon >> nth=0")
    played(page)
    page.tap("#unfold")
    assert page.is_visible("#text")
    for button in page.locator(".row .icon:visible, .desk .icon:visible").all()[:12]:
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44


def test_every_control_has_an_accessible_name(opened: Open, small: Path) -> None:
    page = opened(small)
    page.click(".row >> nth=0")
    nameless = page.evaluate("""() => [
            ...document.querySelectorAll('button, input, select, a, audio, [role=slider], [role=list]')]
        .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label')))
        .map((one) => one.outerHTML)""")
    assert nameless == []
    assert page.get_attribute("#wave", "aria-valuetext") == "0.0 of 1.1 seconds"
