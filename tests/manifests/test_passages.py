"""Rows with pause and voice tags: their passages, the precedence of values, and reasons for rejection."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.manifests.utterance import Passage
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances
from f5_pipeline.storage.local import LocalStore
from tests.manifests.fake_voices import put_fake_voices
from tests.manifests.resolving import resolve, resolve_valid


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna", "bob", "carl")
    store.write("voices/bob.toml", b'speed = 1.3\nlanguage = "de"\n')
    return store


def test_pauses_and_voices_split_a_row_into_passages(store: LocalStore) -> None:
    line = resolve_valid(store, "[pause 1s] At 5. [voice: bob] Um 5! [pause 800ms] [voice: carl] 5?")
    assert line.passages == (
        Passage("at five.", "anna", "en", 1.0, pause_before_seconds=1.0),
        Passage("um fünf!".replace("ü", "u"), "bob", "de", 1.3, pause_after_seconds=0.8),
        Passage("five?", "carl", "en", 1.0),
    )
    assert (line.voice, line.language, line.sampling.speed) == ("anna", "en", 1.0)
    assert line.spoken_text == "at five. um funf! five?"
    assert line.shown_text == "[pause 1s] at five. [voice: bob] um funf! [pause 0.8s] [voice: carl] five?"
    assert line.voices == ("anna", "bob", "carl")


def test_row_and_batch_values_beat_those_of_tagged_voices(store: LocalStore) -> None:
    text = "One. [voice: bob] 5."
    for options in ({"columns": "speed,language\n0.8,fr"}, {"toml": 'speed = 0.8\nlanguage = "fr"'}):
        assert [(p.speed, p.language) for p in resolve_valid(store, text, **options).passages] == [(0.8, "fr")] * 2
    assert resolve_valid(store, text, columns="language\nfr").spoken_text == "one. cinq."


@pytest.mark.parametrize(
    ("tagged", "plain", "voice"),
    [
        ("[voice: bob] Hello 5.", "Hello 5.", "bob"),
        ("Hello [voice: anna] there.", "Hello there.", "anna"),
        ("Hello [[there]].", "Hello , there, .", "anna"),
    ],
)
def test_a_tag_that_leaves_one_voice_yields_no_passages(store: LocalStore, tagged: str, plain: str, voice: str) -> None:
    """Such a line has the same clip as the line without the tag."""
    tagged_line, plain_line = resolve_valid(store, tagged), resolve_valid(store, plain, voice=voice)
    for name in ("spoken_text", "voice", "language", "sampling", "passages"):
        assert getattr(tagged_line, name) == getattr(plain_line, name)


def test_a_row_that_begins_with_a_voice_tag_needs_no_voice(store: LocalStore) -> None:
    assert resolve_valid(store, "[voice: bob] Hallo. [voice: anna] Hello.", voice="").voice == "bob"
    (row,) = resolve(store, "Hello. [voice: bob] Hallo.", voice="").rejected
    assert row.reason.startswith("The row names no voice, and the batch settings give none; add a column")


REJECTED = [
    ("Hi. [voice: dora] Yes.", "The voice 'dora' is not in the store. It has: anna, bob, carl."),
    ("Hi. [voice: carla] Yes.", "The voice 'carla' is not in the store. Did you mean 'carl'? It has: anna, bob, carl."),
    ("Hi. [voice: ../x] Yes.", "The voice '../x' is not in the store. It has: anna, bob, carl."),
    ("Hi. [pasue 2]", "[pasue 2]"),
    ("Hi. [pause 2]", "[pause 2]"),
    ("[pause 1s] ...", "The text has nothing to say: no letter and no digit."),
    ("Hi. [voice: bob] 😀 a", "The model 'demo' cannot say '😀' (U+1F600 GRINNING FACE); with unsayable = "),
    ("Hi. [voice: bob]", "[voice: bob]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REJECTED, ids=[text for text, _ in REJECTED])
def test_a_row_with_a_bad_tag_is_rejected_with_the_reason(store: LocalStore, text: str, reason: str) -> None:
    contents = resolve(store, text)
    assert contents.utterances == ()
    (row,) = contents.rejected
    assert reason in row.reason
    assert (row.text, row.voice) == (text, "anna")


def test_an_unusable_voice_rejects_the_row(store: LocalStore) -> None:
    store.delete("voices/carl.txt")
    (row,) = resolve(store, "Hi. [voice: carl] Yes.").rejected
    assert row.reason.startswith("The voice 'carl' cannot be used: it has no transcript")
    (row,) = resolve(store, "[voice: anna] Yes.", voice="carl").rejected  # the row's own voice must be usable, too
    assert row.reason.startswith("The voice 'carl' cannot be used")


def test_all_voices_of_a_line_use_one_model(store: LocalStore) -> None:
    store.write("voices/bob.toml", b'model = "F5TTS_v1_Base"')
    (row,) = resolve(store, "Hi. [voice: bob] Yes.").rejected
    assert all(name in row.reason for name in ("'bob'", "'F5TTS_v1_Base'", "'demo'"))
    assert resolve_valid(store, "Hi. [voice: bob] Yes.", toml='model = "demo"').model == "demo"


def test_each_passage_uses_the_dictionary_of_its_language(store: LocalStore) -> None:
    store.write("pronunciations.csv", b"word,say,language\nNo,noh,de\nNo,know,en\npause,paws,\n")
    line = resolve_valid(store, "No. [voice: bob] No. [pause 1s] No pause.")
    assert [passage.spoken_text for passage in line.passages] == ["know.", "noh.", "noh paws."]


def test_a_rejected_row_keeps_its_section_and_voices(store: LocalStore) -> None:
    contents = resolve(store, "Hi. [voice: dora] [pasue]", columns="section\none")
    assert [(row.section, row.voices) for row in contents.rejected] == [("one", ("anna", "dora"))]
    assert "voice dora" in contents.input_versions  # adding this voice is a change
    assert resolve(store, "", columns="section\n../x").rejected[0].section is None


def test_passages_survive_saving_and_loading(store: LocalStore) -> None:
    contents = resolve(store, "Hi. [voice: bob] Yes. [pause 1s]")
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents
    rejected = resolve(store, "Hi. [voice: dora] Yes.", columns="section\none")
    save_utterances(store, "b", rejected)
    assert load_utterances(store, "b") == rejected
