"""The language of a row: what it follows from, how its digits are read, and notes on what a user may not expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.text_language import languages_summary
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import dictionary_object
from f5_pipeline.storage.local import LocalStore
from tests.manifests.fake_voices import put_fake_voices

CATALOGUE = load_catalogue(Settings())
WORDS = frozenset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',.?!，。")
HAN = frozenset("我有个苹果他说走了次三四十二一共")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna", "hans", "mei")
    store.write("voices/hans.toml", b'language = "de"\n')
    store.write("voices/mei.toml", b'language = "zh"\n')
    return store


def resolve(
    store: LocalStore,
    *texts: str,
    voice: str = "anna",
    language: str = "",
    toml: str = "",
    model: str = "F5TTS_v1_Base",
) -> BatchContents:
    """Resolve one row for each text."""
    quoted = ('"' + text.replace('"', '""') + '"' for text in texts)
    rows = "".join(f"{text},{voice},{language}\n" for text in quoted)
    store.write("manifests/b.csv", f"text,voice,language\n{rows}".encode())
    store.write("manifests/b.toml", toml.encode())
    return read_utterances(store, "b", Settings(model=model), CATALOGUE, lambda spec: WORDS | HAN)


def resolve_valid(store: LocalStore, text: str, **options: str) -> Utterance:
    contents = resolve(store, text, **options)
    assert contents.rejected == ()
    return contents.utterances[0]


# model → how "42" is read in a text in Latin letters
FORTY_TWO = {
    "demo": "forty-two",
    "F5TTS_v1_Base": "forty-two",
    "F5TTS_Base": "forty-two",
    "F5TTS_fi": "neljäkymmentäkaksi",
    "F5TTS_fr": "quarante-deux",
    "F5TTS_de": "zweiundvierzig",
    "F5TTS_it": "quarantadue",
    "F5TTS_ja": "forty-two",
    "F5TTS_lv": "četrdesmit div",  # with the ending of its noun
    "F5TTS_ru": "forty-two",
    "F5TTS_es": "cuarenta y dos",
    "F5TTS_Small_hi": "forty-two",
}


@pytest.mark.parametrize("model", CATALOGUE)
def test_latin_text_is_never_read_in_another_script(store: LocalStore, model: str) -> None:
    store.write("manifests/b.csv", b"id,voice,text\nquestion,anna,Did you know that 42 lines take only a minute?\n")
    contents = read_utterances(store, "b", Settings(model=model), CATALOGUE, lambda spec: None)
    (line,) = contents.utterances
    assert FORTY_TWO[model] in line.spoken_text
    assert line.language_source == "script Latin"
    knows_it = any(line.language == known for known in CATALOGUE[model].languages)
    assert any("not trained" in warning for warning in contents.warnings) is not knows_it


# text, voice, row's language, batch settings → language, source, spoken text
FOUND = [
    ("I have 42.", "anna", "", "", "en", "script Latin", "I have forty two."),
    ("我有42个", "anna", "", "", "zh", "script Han", "我有四十二个"),
    ("I have 42.", "anna", "de", "", "de", "row", "I have zweiundvierzig."),
    ("I have 42.", "hans", "", 'language = "en-GB"', "en-GB", "batch", "I have forty two."),
    ("I have 42.", "hans", "", "", "de", "voice", "I have zweiundvierzig."),
    ("42", "anna", "", "", "en", "model", "forty two"),
    # each part of a mixed text in its own language; a language that was given is that of all parts
    ("他说 I have 42，一共3次", "anna", "", "", "zh", "script Han", "他说 I have forty two，一共三次"),
    ("他说 I have 42，一共3次", "mei", "", "", "zh", "voice", "他说 I have 四十二，一共三次"),
    # a passage without letters is in the language of its row
    ("我有 [pause 1s] 42", "anna", "", "", "zh", "script Han", "我有 四十二"),
    ("I have [pause 1s] 2. [voice: hans] 2!", "anna", "", "", "en", "script Latin", "I have two. zwei!"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "voice", "row", "toml", "language", "source", "spoken"), FOUND)
def test_the_language_of_a_row_and_its_source(
    store: LocalStore, text: str, voice: str, row: str, toml: str, language: str, source: str, spoken: str
) -> None:
    line = resolve_valid(store, text, voice=voice, language=row, toml=toml)
    assert (line.language, line.language_source, line.spoken_text) == (language, source, spoken)
    assert line.notes == ()


def test_paragraphs_stay_apart_between_languages(store: LocalStore) -> None:
    assert (
        resolve_valid(store, "我有42个。\n\nWe have 3 of them.").spoken_text
        == "我有四十二个。\n\nWe have three of them."
    )


def test_a_dictionary_entry_for_a_language_applies_to_the_parts_in_it(store: LocalStore) -> None:
    store.write(dictionary_object("b"), "word,say,language\nhave,own,en\n我,他,zh\n".encode())
    assert resolve_valid(store, "我说 I have 42，我走了").spoken_text == "他说 I own forty two，他走了"


def test_a_given_language_in_another_script_than_the_text_is_kept_with_a_note_and_a_warning(store: LocalStore) -> None:
    contents = resolve(store, "I have 42.", "We have 42.", "我有42个", voice="mei")
    assert [line.spoken_text for line in contents.utterances] == ["I have 四十二.", "We have 四十二.", "我有四十二个"]
    note = "The text is in Latin script, but was read in 'zh', the language of the voice."
    assert [line.notes for line in contents.utterances] == [(note,), (note,), ()]
    (warning,) = contents.warnings
    assert warning.startswith("2 rows are in Latin script, but read in 'zh', the language of the voice; give such ")


@pytest.mark.parametrize(
    ("text", "options"),
    [("Namaste.", {"language": "hi"}), ("42", {"toml": 'language = "zh"'}), ("I 有 42", {"toml": 'language = "zh"'})],
)
def test_a_row_language_and_a_text_with_a_fitting_letter_give_no_note(
    store: LocalStore, text: str, options: dict[str, str]
) -> None:
    assert resolve_valid(store, text, **options).notes == ()


def test_the_summary_counts_rows_by_language_and_source() -> None:
    found = [("en", "row"), ("zh", "script Han"), ("en", "script Latin"), ("zh", "script Han")]
    assert languages_summary(found) == "zh (script Han): 2, en (row): 1, en (script Latin): 1"


# --- signs that the model cannot say --------------------------------------------------------------------------

DROP = 'unsayable = "drop"'


# text → spoken text, notes
DROPPED = [
    ("Well done 😀!", "Well done!", ["Dropped '😀' (U+1F600 GRINNING FACE): the model cannot say it."]),
    ("🇩🇪 is 1️⃣st.", "is first.", ["Dropped '🇩🇪' (U+1F1E9 U+1F1EA REGIONAL INDICATOR SYMBOL LETTER D): "]),
    ("我有😀42个", "我有 四十二个", ["Dropped '😀'"]),
    ("Hi 😀. [voice: hans] Ja 😀.", "Hi. Ja.", ["Dropped '😀'"]),
    ("No signs.", "No signs.", []),
]


@pytest.mark.parametrize(("text", "spoken", "notes"), DROPPED)
def test_signs_are_dropped_with_a_note(store: LocalStore, text: str, spoken: str, notes: list[str]) -> None:
    line = resolve_valid(store, text, toml=DROP)
    assert line.spoken_text == spoken
    assert [note[: len(start)] for note, start in zip(line.notes, notes, strict=True)] == notes


# text, settings → reason
REJECTED = [
    ("😀😀", DROP, "The text has nothing to say: no letter and no digit."),
    ("Hi 😀 ж", DROP, "The model 'F5TTS_v1_Base' cannot say 'ж' (U+0436 CYRILLIC SMALL LETTER ZHE)."),
    ("Hi 😀", "", 'GRINNING FACE); with unsayable = "drop" in the batch settings, such signs are left out.'),
    ("😀😀", "", "GRINNING FACE)."),
    ("Hi 😀 ж", "", "ZHE)."),
]


@pytest.mark.parametrize(("text", "toml", "reason"), REJECTED)
def test_what_cannot_be_dropped_rejects_the_row(store: LocalStore, text: str, toml: str, reason: str) -> None:
    (row,) = resolve(store, text, toml=toml).rejected
    assert row.reason.endswith(reason)


def test_a_dictionary_reads_signs_or_leaves_them_out(store: LocalStore) -> None:
    store.write(dictionary_object("b"), "word,say\n👍,thumbs up\n★,\nerm,\n".encode())
    assert resolve_valid(store, "★ Erm, nice 👍🏽, erm, yes ★.").spoken_text == "nice thumbs up, yes."
    assert resolve(store, "★ erm").rejected[0].reason == "The text has nothing to say: no letter and no digit."


def test_notes_and_sources_are_stored_with_the_batch(store: LocalStore) -> None:
    contents = resolve(store, "Well done 😀!", toml=DROP)
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents


def test_numbers_without_words_are_kept_as_digits_with_a_note(store: LocalStore) -> None:
    store.write("manifests/b.csv", b"text,voice,language\nQapla' 42!,anna,tlh\n")
    (utterance,) = read_utterances(store, "b", Settings(model="F5TTS_v1_Base"), CATALOGUE, lambda spec: None).utterances
    assert utterance.spoken_text == "Qapla' 42!"
    assert utterance.notes == ("No words for 42 in 'tlh': the model gets the digits.",)
