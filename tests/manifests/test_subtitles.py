"""Subtitles as manifests: rows, ids, voices, times; and plain texts that are subtitles or transcripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.rows import read_rows
from f5_pipeline.manifests.utterance import TimeSlot
from f5_pipeline.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.manifests.fake_voices import put_fake_voices


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna", "bob", "mr-grey")
    return store


def resolve(store: LocalStore, manifest: str, toml: str = 'voice = "anna"', format: str = "srt") -> BatchContents:
    store.write(f"manifests/b.{format}", manifest.encode())
    store.write("manifests/b.toml", toml.encode())
    return read_utterances(store, "b", Settings(model="demo"), load_catalogue(Settings()), lambda spec: None)


def cue(number: object, start: str, end: str, text: str) -> str:
    return f"{number}\n{start} --> {end}\n{text}\n\n"


def srt(*texts: str) -> str:
    """Cues of a second each, two seconds apart."""
    return "".join(
        cue(n, f"00:00:{2 * n:02},000", f"00:00:{2 * n + 1:02},000", text) for n, text in enumerate(texts, 1)
    )


def rows(data: str, format: str = "srt") -> list[tuple[int, str, str]]:
    found = read_rows(data.encode(), format, "m")
    return [(row.number, row.cells.get("id", ""), row.cells["text"]) for row in found]


# --- rows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [srt("One.", "Two."), "\ufeff" + srt("One.", "Two.").replace("\n", "\r\n")])
def test_each_cue_is_a_line_with_its_times(store: LocalStore, data: str) -> None:
    contents = resolve(store, data)
    assert [(u.id, u.row, u.text, u.slot) for u in contents.utterances] == [
        ("0001", 1, "One.", TimeSlot(2.0, 3.0, 4.0, fit=True)),
        ("0002", 2, "Two.", TimeSlot(4.0, 5.0, None, fit=True)),
    ]
    assert contents.utterances[0].columns == {"start": "00:00:02,000", "end": "00:00:03,000"}
    assert contents.warnings == (
        "The vocabulary of the model 'demo' is not on this machine yet; characters were not checked.",
    )
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b").utterances == contents.utterances


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["1", "2", "5"], [(1, ""), (2, ""), (5, "")]),  # the numbers of the file
        (["7", "8", "9"], [(7, ""), (8, ""), (9, "")]),
        (["1", "1", "2"], [(1, ""), (2, ""), (3, "")]),  # not ascending: counted
        (["0", "1", "2"], [(1, ""), (2, ""), (3, "")]),
        (["", "", ""], [(1, ""), (2, ""), (3, "")]),
        (
            ["intro", "Intro", "the end", "a1/7-0", "con"],
            [(1, "intro"), (2, ""), (3, ""), (4, ""), (5, "")],
        ),  # used before, not a safe name
    ],
)
def test_numbers_and_ids(names: list[str], found: list[tuple[int, str]]) -> None:
    data = "".join(cue(name, "00:00:01,000", "00:00:02,000", "Yes.") for name in names)
    assert [(number, id) for number, id, _ in rows(data)] == found


@pytest.mark.parametrize(
    ("text", "voice", "result"),
    [
        ("<v Anna>Hi.</v>", "anna", "Hi."),
        ("MR. GREY: Hi.", "mr-grey", "Hi."),
        ("<v Carl>Hi.</v>", "bob", "Hi."),  # no voice of this name: that of the batch
        ("<v Anna>Hi.</v> <v Carl>You?</v>", "anna", "Hi. [voice: bob] You?"),
        ("- ANNA: Hi.\n- Hello.", "anna", "Hi. [voice: bob] Hello."),
        ("- Hi.\n- Hello.", "bob", "Hi. Hello."),
        ("ANNA: Hi\nMR. GREY: Hello", "anna", "Hi [voice: mr-grey] Hello"),  # without full stops
        ("- ANNA: Hi\n- MR. GREY: Hello", "anna", "Hi [voice: mr-grey] Hello"),
        ("B2: Hi.", "bob", "Hi."),
        ("Q: Hi.", "bob", "Q: Hi."),
        ("He shouted\nFIRE: run", "bob", "He shouted FIRE: run"),
    ],
)
def test_voices_of_speakers(store: LocalStore, text: str, voice: str, result: str) -> None:
    (utterance,) = resolve(store, srt(text), 'voice = "bob"').utterances
    assert (utterance.voice, utterance.text) == (voice, result)


def test_a_note_says_which_name_is_not_spoken(store: LocalStore) -> None:
    (utterance,) = resolve(store, srt("ANNA: Hi.\nCHAPTER 1: The door."), 'voice = "bob"').utterances
    assert utterance.notes == ("The name 'CHAPTER 1' is not spoken; no voice has it.",)


def test_cues_without_words_are_left_out_with_a_warning(store: LocalStore) -> None:
    contents = resolve(store, srt("One.", "[music]", "♪ La la ♪", "Two."))
    assert [u.id for u in contents.utterances] == ["0001", "0004"]
    assert contents.rejected == ()
    assert contents.warnings[0] == "2 cues have no words, only sounds or music, and are left out: 2, 3."


@pytest.mark.parametrize(
    ("data", "toml", "reason"),
    [
        (cue(1, "00:00:02,000", "00:00:01,000", "A."), "", "row 1: The row ends at 1 s, but starts at 2 s."),
        (
            cue(1, "-00:00:02,000", "00:00:01,000", "A."),
            "",
            "row 1: Its start must be at least 0, but is '-00:00:02,000'.",
        ),
        (cue(1, "00:00:xx", "00:00:01,000", "A."), "", "row 1: Its start must be seconds or a time such as"),
        (cue(1, "100:00:00,000", "100:00:01,000", "A."), "", "row 1: Its start must be less than 360000"),
        ("By a fan\n\n" + srt("A."), "", "row 0: The row stands before the times of the first cue."),
        (
            srt("<v Carl>Hi.</v>"),
            "fit = 'pad'",
            "row 1: There is no voice 'Carl', and the batch settings give no voice",
        ),
        (srt("ANNA: Hi.\n- Yes."), "fit = 'pad'", "row 1: A speaker has no name, and the batch settings give no voice"),
    ],
)
def test_a_bad_cue_is_rejected_with_its_number(store: LocalStore, data: str, toml: str, reason: str) -> None:
    contents = resolve(store, data, toml or 'voice = "anna"')
    assert f"row {contents.rejected[0].row}: {contents.rejected[0].reason}".startswith(reason)


@pytest.mark.parametrize(
    ("data", "message"),
    [("Just a text.\n", "has no cue"), (srt("[music]"), "no cue with words"), ("WEBVTT\n", "has no cue")],
)
def test_a_file_without_cues_is_refused(data: str, message: str) -> None:
    with pytest.raises(BadManifest, match=message):
        rows(data)


# --- times ----------------------------------------------------------------------------------------------------

TIMED_CSV = 'text,start,end,section\nA.,00:00:04,5.5,x\nB.,0.5,,x\nC.,0.5,"00:00:03,5",y\nD.,,,\n'


@pytest.mark.parametrize("header", ["start,end", "Start,END", "Start time,End time", "begin,stop"])
def test_times_in_a_table(store: LocalStore, header: str) -> None:
    contents = resolve(store, TIMED_CSV.replace("start,end", header), format="csv")
    assert [u.slot for u in contents.utterances] == [
        TimeSlot(4.0, 5.5, None, fit=True),
        TimeSlot(0.5, None, 4.0, fit=True),
        TimeSlot(0.5, 3.5, None, fit=True),
        None,
    ]
    assert contents.rejected == ()


@pytest.mark.parametrize(("fit", "slot"), [("pad", TimeSlot(2.0, 3.0)), ("none", None)])
def test_fit(store: LocalStore, fit: str, slot: TimeSlot | None) -> None:
    (utterance,) = resolve(store, srt("A."), f'voice = "anna"\nfit = "{fit}"').utterances
    assert utterance.slot == slot


def test_a_joined_section_with_times_needs_them_for_all_rows(store: LocalStore) -> None:
    manifest = "text,start,section\nA.,1,x\nB.,,x\nC.,,y\nD.,2,\nE.,,b\n"  # "b" is the batch: D and E are joined
    contents = resolve(store, manifest, 'voice = "anna"\njoin_sections = true', "csv")
    assert [u.row for u in contents.utterances] == [1, 3, 4]
    assert [(row.row, row.reason) for row in contents.rejected] == [
        (number, "The row has no start, but other rows of its section have one.") for number in (2, 5)
    ]


def test_an_end_needs_a_start(store: LocalStore) -> None:
    (row,) = resolve(store, "text,end\nA.,1\n", format="csv").rejected
    assert row.reason == "The row has an end, but no start."


# --- plain text that is something else ------------------------------------------------------------------------

_TRANSCRIPTS = {
    srt("One.", "Two."): "has the times of subtitles",
    "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n": "has the times of subtitles",
    "[00:00:00.000 --> 00:00:06.600]   One.\n[00:00:06.600 --> 00:00:09.000]   Two.\n": "has the times of subtitles",
    "[00:00:12] One.\n[00:00:15] Two.\n": r"time stamps such as '\[00:00:12\]'",
    "00:12 One.\n00:15 Two.\n": "time stamps such as '00:12'",
    "0:00\nOne.\n0:05\nTwo.\n": "time stamps such as '0:00'",
    "Anna\n0:03\nOne.\nAnd on.\n\nBob\n0:09\nTwo.\nAnd on.\n": "time stamps such as '0:03'",
    "[00:12.50]One.\n[00:15.00]Two.\n": "time stamps",
    "Anna Smith  0:03\nOne.\nAnd on.\n\nBob  0:09\nTwo.\nAnd on.\n": "time stamps",
    "(00:03) One.\n\n(00:09) Two.\n": "time stamps",
    "Speaker 1: One.\n\nSpeaker 2: Two.\n": "names a numbered speaker",
    "[Script Info]\nTitle: One\n": "a subtitle file in the format ASS",
    "ID\tText\tMood\n1\tOne.\tglad\n": "a table with the columns 'ID",
    '"speaker","line"\n"anna","One, two."\n': "a table with the columns",
    "wavs/a.wav|One.\nwavs/b.wav|Two.\n": "a list of ids and texts",
    '[\n  {"text": "One."}\n]\n': "is JSON",
    '{"text": "One."}\n{"text": "Two."}\n': "is JSON",
    "{\\rtf1 One.}": "is RTF",
    "[SPEAKER_00]: One.\n[SPEAKER_01]: Two.\n": "names a numbered speaker",
}


@pytest.mark.parametrize(("text", "message"), _TRANSCRIPTS.items())
def test_a_plain_text_that_is_a_transcript_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadManifest, match=message) as error:
        rows(text, "txt")
    assert error.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "08:00 Breakfast.\n09:30 The meeting.\n12:00 Lunch.\n",  # a timetable
        "At 12:30 he left.\n\nAt 13:00 she came.\n",
        "1:1 In the morning.\n1:2 And at night.\n",  # verses
        "Chapter 1: The door.\n\nChapter 2: The key.\n",
        "See --> there.\n\nFrom 5 --> 6.\n",
        "Scene, chapter\nand verse.\n",
        "राम घर गया | वह सो गया |\nसीता आई | वह हँसी |\n",  # "|" as a full stop
        "00:12 is late.\n\nVery late.\n\nToo late.\n",
    ],
)
def test_a_plain_text_with_times_is_spoken(text: str) -> None:
    assert rows(text, "txt")


def test_the_script_of_a_play_is_spoken_with_a_warning(store: LocalStore) -> None:
    contents = resolve(store, "ANNA: Who is there?\n\nBOB: It is me.\n\nA pause.\n", format="txt")
    assert len(contents.utterances) == 3
    assert "Most paragraphs begin with a name such as 'ANNA:'" in contents.warnings[0]
