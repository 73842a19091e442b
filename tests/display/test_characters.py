"""Characters that control terminals and files, in every output that quotes untrusted text."""

from __future__ import annotations

import csv
import io
import json

import pytest

from f5_pipeline.delivery.report_page import Page, PageRow, render
from f5_pipeline.delivery.subtitles import Cue, to_srt, to_vtt
from f5_pipeline.display.characters import to_json, visible, visible_lines
from f5_pipeline.doctor.finding import ok
from f5_pipeline.errors import UnsafeName
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.storage.local import LocalStore

#: Hostile characters; the second column is what ``visible`` makes of them.
HOSTILE = [
    ("\x00", "\ufffd"),  # end of a string in C
    ("\x07", "\ufffd"),  # bell
    ("\x08", "\ufffd"),  # backspace: hides what is before it
    ("\t", " "),
    ("\n", " "),  # would begin another line
    ("\r", " "),  # would overwrite the line
    ("\x1b", "\ufffd"),  # begins a command to the terminal
    ("\x7f", "\ufffd"),
    ("\x85", " "),  # next line
    ("\x9b", "\ufffd"),  # begins a command, as ESC [
    ("\u061c", "\ufffd"),  # Arabic letter mark
    ("\u200e", "\ufffd"),  # left-to-right mark
    ("\u2028", " "),  # line separator
    ("\u2029", " "),  # paragraph separator
    ("\u202e", "\ufffd"),  # right-to-left override: shows "gpj.exe" as "exe.jpg"
    ("\u2066", "\ufffd"),  # isolates
    ("\u2069", "\ufffd"),
    ("\ufeff", "\ufffd"),  # byte order mark
    ("\udc80", "\ufffd"),  # a byte of a file name that is not UTF-8
]
CHARACTERS = "".join(character for character, _ in HOSTILE)
#: Texts that look unusual and are not.
ORDINARY = [
    "naïve Ærøskøbing İstanbul",
    "中文、日本語 한국어",
    "می‌خواهم",
    "क्‍ष",  # Hindi, with a zero-width joiner
    "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",  # joined, tagged and with a variation selector
    "10\u00a0000\u202f€\u3000x\u00ad",  # spaces that are not ASCII, a soft hyphen
    "שלום عربي",
]


@pytest.mark.parametrize(("character", "shown"), HOSTILE)
def test_hostile_characters_become_visible(character: str, shown: str) -> None:
    assert visible(f"a{character}b") == f"a{shown}b"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == text
    assert visible_lines(f"{text}\n\t{text}") == f"{text}\n\t{text}"
    assert to_json([text]) == json.dumps([text], ensure_ascii=False, indent=2)


def _hostile(text: str, allowed: str = "") -> set[str]:
    return {character for character in CHARACTERS if character in text} - set(allowed)


def test_errors_are_one_line() -> None:
    error = UnsafeName(f"Voice {CHARACTERS}", CHARACTERS)
    assert _hostile(str(error) + error.culprit) == set()


def test_findings_of_the_doctor_are_one_line() -> None:
    assert _hostile(ok("name", CHARACTERS).found) == set()


def test_json_has_the_same_content_without_control_characters() -> None:
    document = {CHARACTERS: [CHARACTERS, 1]}
    assert json.loads(to_json(document)) == document
    assert _hostile(to_json(document), allowed="\n") == set()


@pytest.mark.parametrize("row", [IndexRow("1", CHARACTERS[:-1]), IndexRow("1", "", columns={CHARACTERS[:-1]: "\x1b"})])
def test_the_csv_index(tmp_path_factory: pytest.TempPathFactory, row: IndexRow) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    write_index(store, "b", [row])
    text = store.read("batches/b/index.csv").decode()
    assert _hostile(text, allowed="\n\t") == set()
    assert len(list(csv.reader(io.StringIO(text)))) == 2


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_subtitles(write) -> None:  # type: ignore[no-untyped-def]
    text = write([Cue(0, 1, f"one\n\n2\n00:00 --> 00:01\nforged{CHARACTERS}--\x1f> two"), Cue(1, 2, "next")])
    assert _hostile(text, allowed="\n") == set()
    assert text.count("-->") == 2
    assert len([block for block in text.split("\n\n") if "-->" in block]) == 2
    assert "forged" in text


def test_the_listening_page() -> None:
    row = PageRow("1", CHARACTERS, columns={CHARACTERS: CHARACTERS})
    assert _hostile(render(Page("b", "", [row])), allowed="\n\t") == set()
