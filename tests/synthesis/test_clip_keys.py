"""The clip key depends on everything that shapes the sound, and on nothing else.

For every setting, column and field, a table has a value other than its default, and the decision if it is in the key.
A new one fails here until its table has it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.engine.duration import Reference
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.columns import COLUMNS
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Decision, Passage, TimeSlot, Utterance
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.models.word_timing import WordTiming
from f5_pipeline.results.keys import ClipParts, clip_key
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest
from f5_pipeline.voices.settings import VoiceSettings
from f5_pipeline.voices.voice import Voice
from tests.material import put_voices
from tests.synthesis.jobs import MODEL, REFERENCE, SAMPLING, VOICE

IN_KEY, NOT_IN_KEY = True, False
_DEMO = load_catalogue(Settings())["demo"]
CATALOGUE = {"demo": _DEMO, "second": replace(_DEMO, name="second")}


def _ready(spec: ModelSpec) -> ReadyModel:
    return ReadyModel(spec, ModelFiles(Path("c"), Path("v"), Path("w"), f"fingerprint of {spec.name}", {}, 0.0, 0))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2", "m1")
    return store


def key_of(store: LocalStore, cache: Path, toml: str = "", cells: dict[str, str] | None = None) -> str:
    """The clip key of a line of a one-line manifest, with these settings and cells instead of the defaults."""
    row = {"text": "I have 5 of them.", "id": "a", "note": "x"} | (cells or {})
    store.write("manifests/b.csv", f"{','.join(row)}\n{','.join(row.values())}\n".encode())
    store.write("manifests/b.toml", (toml if toml.startswith("voice =") else f'voice = "f2"\n{toml}').encode())
    contents = read_utterances(store, "b", Settings(cache=cache, model="demo"), CATALOGUE)
    models = {name: _ready(spec) for name, spec in CATALOGUE.items()}
    (request,), rejected = prepare_requests(contents.utterances, models, store, cache)
    assert not rejected
    return request.key


#: A time for the line that is too short at its own speech rate.
TOO_SHORT = {"start": "0", "end": "0.9"}

# --- batch settings -------------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[str, bool]] = {
    "voice": ('"m1"', IN_KEY),
    "language": ('"de"', IN_KEY),  # numbers are read in German
    "model": ('"second"', IN_KEY),
    "preset": ('"best"', IN_KEY),
    "nfe_step": ("16", IN_KEY),
    "solver": ('"ab2"', IN_KEY),
    "cfg_strength": ("3", IN_KEY),
    "sway_sampling_coef": ('"none"', IN_KEY),
    "speed": ("1.1", IN_KEY),
    "cross_fade_duration": ("0.2", IN_KEY),
    "seed": ("7", IN_KEY),
    "max_attempts": ("5", NOT_IN_KEY),
    "takes": ("2", NOT_IN_KEY),
    "recogniser": ('"none"', NOT_IN_KEY),
    "quality": ("{ max_end_db = -6 }", NOT_IN_KEY),
    "columns": ('{ text = "text" }', NOT_IN_KEY),
    "txt_rows": ('"line"', NOT_IN_KEY),
    "markup": ('"ssml"', NOT_IN_KEY),  # the spoken text is
    "directions": ('"speak"', NOT_IN_KEY),  # the spoken text is
    "on_bad_rows": ('"fail"', NOT_IN_KEY),
    "unsayable": ('"drop"', NOT_IN_KEY),  # what it drops is not in the spoken text, which is in the key
    "commercial": ("true", NOT_IN_KEY),
    "format": ('"flac"', NOT_IN_KEY),
    "codec": ('"ulaw"', NOT_IN_KEY),
    "sample_rate": ("48000", NOT_IN_KEY),
    "channels": ("2", NOT_IN_KEY),
    "bit_depth": ("24", NOT_IN_KEY),
    "bitrate_kbps": ('96\nformat = "mp3"', NOT_IN_KEY),
    "loudness_lufs": ("-16", NOT_IN_KEY),
    "true_peak_db": ("-3", NOT_IN_KEY),
    "trim_silence": ("false", NOT_IN_KEY),
    "fade_seconds": ("1", NOT_IN_KEY),
    "join_sections": ("true", NOT_IN_KEY),
    "fit": ('"pad"', IN_KEY),
    "pause_seconds": ("2", NOT_IN_KEY),
    "subtitles": ('"both"', NOT_IN_KEY),
    "audiobook": ("true", NOT_IN_KEY),
    "title": ('"Tales"', NOT_IN_KEY),
    "author": ('"Anna"', NOT_IN_KEY),
    "chapter_pause_seconds": ("1", NOT_IN_KEY),
    "section_titles": ('{ one = "The first" }', NOT_IN_KEY),
}


def test_every_batch_setting_has_a_decision() -> None:
    assert set(SETTINGS) == set(BatchSettings.model_fields)


@pytest.mark.parametrize("name", SETTINGS)
def test_batch_settings(store: LocalStore, cache: Path, name: str) -> None:
    value, in_key = SETTINGS[name]
    cells = TOO_SHORT if name == "fit" else {}
    assert (key_of(store, cache, f"{name} = {value}\n", cells) != key_of(store, cache, cells=cells)) is in_key


# --- manifest columns -----------------------------------------------------------------------------------------

USER_COLUMN = "note"
MANIFEST_COLUMNS: dict[str, tuple[str, bool]] = {
    "text": ("I have 6 of them.", IN_KEY),
    "voice": ("m1", IN_KEY),
    "id": ("b", NOT_IN_KEY),
    "language": ("de", IN_KEY),
    "speed": ("1.1", IN_KEY),
    "seed": ("7", IN_KEY),
    "nfe_step": ("16", IN_KEY),
    "solver": ("ab2", IN_KEY),
    "cfg_strength": ("3", IN_KEY),
    "folder": ("one", NOT_IN_KEY),
    "section": ("one", NOT_IN_KEY),
    "pause_after_seconds": ("3", NOT_IN_KEY),
    "start": ("0.1", IN_KEY),  # less time to speak
    "end": ("9", IN_KEY),
    USER_COLUMN: ("y", NOT_IN_KEY),
}


def test_every_manifest_column_has_a_decision() -> None:
    assert set(MANIFEST_COLUMNS) == {*COLUMNS, USER_COLUMN}


@pytest.mark.parametrize("name", MANIFEST_COLUMNS)
def test_manifest_columns(store: LocalStore, cache: Path, name: str) -> None:
    value, in_key = MANIFEST_COLUMNS[name]
    cells = TOO_SHORT if name in TOO_SHORT else {}
    assert (key_of(store, cache, cells=cells | {name: value}) != key_of(store, cache, cells=cells)) is in_key


@pytest.mark.parametrize(
    ("text", "in_key"),
    [
        ("I have 5 of them. [pause 1s]", IN_KEY),
        ("I have 5 [voice: m1] of them.", IN_KEY),
        ("[voice: f2] I have 5 of them.", NOT_IN_KEY),  # it is her line
        ("I  have five of them.", NOT_IN_KEY),  # the spoken text is the same
    ],
)
def test_tags_and_spelling(store: LocalStore, cache: Path, text: str, in_key: bool) -> None:
    assert (key_of(store, cache, cells={"text": text}) != key_of(store, cache)) is in_key


# --- files in the store ---------------------------------------------------------------------------------------

VOICE_SETTINGS = {"language": 'language = "de"', "speed": "speed = 1.1", "model": 'model = "second"'}


def test_every_voice_setting_has_a_decision() -> None:
    assert set(VOICE_SETTINGS) == set(VoiceSettings.model_fields)


@pytest.mark.parametrize(
    ("object_key", "content", "in_key"),
    [
        *(("voices/f2.toml", setting, IN_KEY) for setting in VOICE_SETTINGS.values()),
        ("voices/f2.txt", "These are not the words of the recording.", IN_KEY),
        ("voices/m1.txt", "These are not the words of the recording.", NOT_IN_KEY),
        ("pronunciations.csv", "word,say\nhave,heave\n", IN_KEY),
        ("pronunciations.csv", "word,say\nnever,nevver\n", NOT_IN_KEY),
        ("manifests/b.pronunciations.csv", "word,say\nhave,heave\n", IN_KEY),
        ("manifests/other.pronunciations.csv", "word,say\nhave,heave\n", NOT_IN_KEY),
    ],
)
def test_store_files(store: LocalStore, cache: Path, object_key: str, content: str, in_key: bool) -> None:
    before = key_of(store, cache)
    store.write(object_key, content.encode())
    assert (key_of(store, cache) != before) is in_key


# --- fields of the values in a request ------------------------------------------------------------------------

_PASSAGE = Passage("and this is the passage.", "bob", "en", 1.0, 0.0, 0.5)
_UTTERANCE = Utterance("1", 1, "-", "this is the line.", "anna", "demo", "en", SAMPLING, None, 3)

#: Value type → field → another value of the field, and the decision.
FIELDS: dict[type, dict[str, tuple[Any, bool]]] = {
    Sampling: {
        "nfe_step": (16, IN_KEY),
        "cfg_strength": (3.0, IN_KEY),
        "sway_sampling_coef": (None, IN_KEY),
        "speed": (1.1, IN_KEY),
        "cross_fade_duration": (0.2, IN_KEY),
        "solver": ("ab2", IN_KEY),
    },
    Passage: {
        "spoken_text": ("this is another text.", IN_KEY),
        "voice": ("carl", NOT_IN_KEY),  # only a name; the fingerprint of the recording is in the key
        "language": ("de", NOT_IN_KEY),  # it shapes the spoken text, which is in the key
        "speed": (1.1, IN_KEY),
        "pause_before_seconds": (1.0, IN_KEY),
        "pause_after_seconds": (1.0, IN_KEY),
    },
    Utterance: {
        "id": ("2", NOT_IN_KEY),
        "row": (2, NOT_IN_KEY),
        "text": ("as written", NOT_IN_KEY),
        "spoken_text": ("this is another text.", IN_KEY),
        "voice": ("carl", NOT_IN_KEY),
        "model": ("second", NOT_IN_KEY),  # only a name; the fingerprint of its files is in the key
        "language": ("de", NOT_IN_KEY),
        "sampling": (replace(SAMPLING, speed=1.1), IN_KEY),
        "seed": (7, IN_KEY),
        "max_attempts": (5, NOT_IN_KEY),
        "takes": (2, NOT_IN_KEY),
        "section": ("one", NOT_IN_KEY),
        "pause_after_seconds": (3.0, NOT_IN_KEY),
        "columns": ({"a": "b"}, NOT_IN_KEY),
        "slot": (TimeSlot(1.0, 1.1), NOT_IN_KEY),  # the speech rate that it asks for is in the key
        "passages": ((replace(_PASSAGE, pause_after_seconds=1.0),), IN_KEY),
        "language_source": ("row", NOT_IN_KEY),
        "unsayable": ("drop", NOT_IN_KEY),
        "notes": (("A note.",), NOT_IN_KEY),
        "decision": (Decision("respeak", take=1), IN_KEY),  # the key of the second take
    },
    Voice: {
        "name": ("carl", NOT_IN_KEY),
        "problems": (("too loud",), NOT_IN_KEY),
        "warnings": (("noisy",), NOT_IN_KEY),
        "audio": ("elsewhere.wav", NOT_IN_KEY),  # a path on this machine; its content is in the fingerprint
        "text": ("other. ", NOT_IN_KEY),  # the text that the model receives is in the reference
        "fingerprint": ("b" * 64, IN_KEY),
        "audio_seconds": (4.0, NOT_IN_KEY),  # the seconds that the model receives are in the reference
        "speech_seconds": (2.0, NOT_IN_KEY),
        "language": ("de", NOT_IN_KEY),
        "speed": (1.1, NOT_IN_KEY),
        "model": ("second", NOT_IN_KEY),
    },
    Reference: {
        "text": ("other. ", IN_KEY),
        "seconds": (2.5, IN_KEY),
        # Durations are planned with these three, which follow from what is in the key.
        "speech_seconds": (2.5, NOT_IN_KEY),
        "even": (True, NOT_IN_KEY),
        "word_timing": (WordTiming(3.0, {}), NOT_IN_KEY),
    },
    ModelFiles: {
        "checkpoint": (Path("x"), NOT_IN_KEY),
        "vocabulary": (Path("x"), NOT_IN_KEY),
        "vocoder": (Path("x"), NOT_IN_KEY),
        "fingerprint": ("e" * 64, IN_KEY),
        "sha256": ({"checkpoint": "f"}, NOT_IN_KEY),  # part of the fingerprint
        "seconds": (1.0, NOT_IN_KEY),
        "bytes_downloaded": (1, NOT_IN_KEY),
        "spacing": (Path("x"), NOT_IN_KEY),  # part of the fingerprint
    },
    ClipParts: {
        "spoken_text": ("other", IN_KEY),
        "voice_fingerprint": ("b", IN_KEY),
        "model_fingerprint": ("e", IN_KEY),
        "sampling": ({"speed": 2.0}, IN_KEY),
        "engine_version": ("next", IN_KEY),
        "attempt": (2, IN_KEY),
        "seed": (7, IN_KEY),
        "passages": (({"text": "x"},), IN_KEY),
    },
}


def key_with(kind: type, name: str = "", value: object = None) -> str:
    """The clip key of a request in which one field of the values of a type is changed."""

    def changed(original: Any) -> Any:
        return replace(original, **{name: value}) if type(original) is kind and name else original

    if kind is ClipParts:
        return clip_key(changed(ClipParts("text", "a", "f", {"speed": 1.0}, "one")))
    voice, reference = changed(VOICE), changed(REFERENCE)
    utterance = replace(_UTTERANCE, sampling=changed(SAMPLING))
    if kind is Passage or name == "passages":
        utterance = replace(utterance, passages=(changed(_PASSAGE),))
    utterance = changed(utterance)
    speakers = (Speaker(voice, reference),) * max(1, len(utterance.passages))
    model = replace(MODEL, files=changed(MODEL.files))
    return SynthesisRequest(utterance, model, speakers).key


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_has_a_decision(kind: Any) -> None:
    assert set(FIELDS[kind]) == {field.name for field in fields(kind)}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in FIELDS.items() for name in table])
def test_fields(kind: type, name: str) -> None:
    value, in_key = FIELDS[kind][name]
    before = key_with(Passage) if name == "passages" and kind is Utterance else key_with(kind)
    assert (key_with(kind, name, value) != before) is in_key


def test_the_key_of_a_line_by_eulers_method_is_that_from_before_there_was_another() -> None:
    """A change orphans every clip of every user: only on purpose, with a new engine version."""
    assert key_with(Sampling) == "8996a1c8447d31cddfa43c4520f17e969569468383c44bf3c5e3cd0ecce815a3"


def test_the_longest_chunk_of_the_model_is_in_the_key() -> None:
    """A long text is split according to ``max_seconds``."""
    model = replace(MODEL, spec=replace(MODEL.spec, max_seconds=12.0))
    speakers = (Speaker(VOICE, REFERENCE),)
    assert SynthesisRequest(_UTTERANCE, model, speakers).key != SynthesisRequest(_UTTERANCE, MODEL, speakers).key
