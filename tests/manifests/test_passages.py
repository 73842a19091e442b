"""Rows with tags: what their passages are, whose values they have, and why such a row is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Passage, Utterance
from f5_pipeline.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore

CATALOGUE = load_catalogue(Settings())
SMALL = frozenset(" abcdefghijklmnopqrstuvwxyz',.?!")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    for name in ("anna", "bob", "carl"):
        store.write(f"voices/{name}.wav", b"not read")
        store.write(f"voices/{name}.txt", b"Hello there.")
    store.write("voices/bob.toml", b'speed = 1.3\nlanguage = "de"\n')
    return store


def resolve(store: LocalStore, text: str, *, voice: str = "anna", columns: str = "", toml: str = "") -> BatchContents:
    """One row with this text; ``columns`` are more of its columns and their values, as CSV."""
    names, _, values = columns.partition("\n")
    written = text.replace('"', '""')
    store.write("manifests/b.csv", f'text,voice,{names}\n"{written}",{voice},{values}\n'.encode())
    store.write("manifests/b.toml", toml.encode())
    return read_utterances(store, "b", Settings(model="demo"), CATALOGUE, lambda spec: SMALL)


def one(store: LocalStore, text: str, **options: str) -> Utterance:
    contents = resolve(store, text, **options)
    assert contents.rejected == ()
    (utterance,) = contents.utterances
    return utterance


def test_a_row_with_a_pause_and_another_voice(store: LocalStore) -> None:
    line = one(store, "[pause 1s] At 5. [voice: bob] Um 5! [pause 800ms] [voice: carl] 5?")
    assert line.passages == (
        Passage("at five.", "anna", "en", 1.0, pause_before_seconds=1.0),
        Passage("um fünf!".replace("ü", "u"), "bob", "de", 1.3, pause_after_seconds=0.8),
        Passage("five?", "carl", "en", 1.0),
    )
    assert (line.voice, line.language, line.sampling.speed) == ("anna", "en", 1.0)
    assert line.spoken_text == "at five. um funf! five?"
    assert line.shown_text == "[pause 1s] at five. [voice: bob] um funf! [pause 0.8s] [voice: carl] five?"
    assert line.voices == ("anna", "bob", "carl")


def test_row_and_batch_beat_the_voices_of_tags_too(store: LocalStore) -> None:
    text = "One. [voice: bob] 5."
    for options in ({"columns": "speed,language\n0.8,fr"}, {"toml": 'speed = 0.8\nlanguage = "fr"'}):
        assert [(p.speed, p.language) for p in one(store, text, **options).passages] == [(0.8, "fr")] * 2
    assert one(store, text, columns="language\nfr").spoken_text == "one. cinq."


@pytest.mark.parametrize(
    ("tagged", "plain", "voice"),
    [
        ("[voice: bob] Hello 5.", "Hello 5.", "bob"),
        ("Hello [voice: anna] there.", "Hello there.", "anna"),
        ("Hello [[there]].", "Hello , there, .", "anna"),
    ],
)
def test_a_tag_that_leaves_one_voice_makes_a_plain_line(store: LocalStore, tagged: str, plain: str, voice: str) -> None:
    """So it has the same clip as one that was written without."""
    found, same = one(store, tagged), one(store, plain, voice=voice)
    for name in ("spoken_text", "voice", "language", "sampling", "passages"):
        assert getattr(found, name) == getattr(same, name)


def test_a_row_whose_text_begins_with_a_voice_needs_no_other(store: LocalStore) -> None:
    assert one(store, "[voice: bob] Hallo. [voice: anna] Hello.", voice="").voice == "bob"
    (row,) = resolve(store, "Hello. [voice: bob] Hallo.", voice="").rejected
    assert row.reason == "The row names no voice, and the batch settings give none."


REJECTED = [
    ("Hi. [voice: dora] Yes.", "The voice 'dora' is not in the store. It has: anna, bob, carl."),
    ("Hi. [voice: carla] Yes.", "The voice 'carla' is not in the store. Did you mean 'carl'? It has: anna, bob, carl."),
    ("Hi. [voice: ../x] Yes.", "The voice '../x' is not in the store. It has: anna, bob, carl."),
    ("Hi. [laughs]", "The tag '[laughs]' is unknown; use [pause 0.8s] or [voice: NAME], and [[ and ]] for "
     "brackets in a text."),
    ("Hi. [pause 2]", "The tag '[pause 2]' has no valid duration; write [pause 0.8s] or [pause 800ms]."),
    ("[pause 1s] ...", "The text has nothing to say: no letter and no digit."),
    ("Hi. [voice: bob] 😀 a", "The model 'demo' cannot say '😀' (U+1F600 GRINNING FACE)."),
    ("Hi. [voice: bob]", "Nothing is said after [voice: bob]."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REJECTED, ids=[text for text, _ in REJECTED])
def test_a_row_with_a_bad_tag_is_rejected_with_the_reason(store: LocalStore, text: str, reason: str) -> None:
    contents = resolve(store, text)
    assert contents.utterances == ()
    assert [(row.reason, row.text, row.voice) for row in contents.rejected] == [(reason, text, "anna")]


def test_a_voice_that_cannot_be_used_rejects_the_row(store: LocalStore) -> None:
    store.delete("voices/carl.txt")
    (row,) = resolve(store, "Hi. [voice: carl] Yes.").rejected
    assert row.reason.startswith("The voice 'carl' cannot be used: it has no transcript")
    (row,) = resolve(store, "[voice: anna] Yes.", voice="carl").rejected  # the row's own is wrong, if never heard
    assert row.reason.startswith("The voice 'carl' cannot be used")


def test_a_line_has_one_model(store: LocalStore) -> None:
    store.write("voices/bob.toml", b'model = "F5TTS_v1_Base"')
    (row,) = resolve(store, "Hi. [voice: bob] Yes.").rejected
    assert row.reason == "The voice 'bob' is for the model 'F5TTS_v1_Base', and the row begins in 'demo'."
    assert one(store, "Hi. [voice: bob] Yes.", toml='model = "demo"').model == "demo"


def test_the_dictionary_is_the_one_of_each_passages_language(store: LocalStore) -> None:
    store.write("pronunciations.csv", b"word,say,language\nNo,noh,de\nNo,know,en\npause,paws,\n")
    line = one(store, "No. [voice: bob] No. [pause 1s] No pause.")
    assert [passage.spoken_text for passage in line.passages] == ["know.", "noh.", "noh paws."]


def test_a_rejected_row_says_which_section_and_voices_it_has(store: LocalStore) -> None:
    contents = resolve(store, "Hi. [voice: dora] [laughs]", columns="section\none")
    assert [(row.section, row.voices) for row in contents.rejected] == [("one", ("anna", "dora"))]
    assert "voice dora" in contents.input_versions  # when she comes, that is a change
    assert resolve(store, "", columns="section\n../x").rejected[0].section is None


def test_passages_are_saved_and_read_back(store: LocalStore) -> None:
    contents = resolve(store, "Hi. [voice: bob] Yes. [pause 1s]")
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents
    rejected = resolve(store, "Hi. [voice: dora] Yes.", columns="section\none")
    save_utterances(store, "b", rejected)
    assert load_utterances(store, "b") == rejected
