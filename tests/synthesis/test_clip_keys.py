"""Everything that shapes the sound is in the clip key, and nothing else: for every setting, column and field there is.

A new one without a decision fails here: add it to its table, with a value that differs from the usual one.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.engine.duration import Reference
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.rows import COLUMNS
from f5_pipeline.manifests.utterance import Passage, Utterance
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
    """The key of a line that is like this in all that is not said."""
    row = {"text": "I have 5 of them.", "id": "a", "note": "x"} | (cells or {})
    store.write("manifests/b.csv", f"{','.join(row)}\n{','.join(row.values())}\n".encode())
    store.write("manifests/b.toml", (toml if toml.startswith("voice =") else f'voice = "f2"\n{toml}').encode())
    contents = read_utterances(store, "b", Settings(cache=cache, model="demo"), CATALOGUE)
    models = {name: _ready(spec) for name, spec in CATALOGUE.items()}
    (line,), rejected = prepare_requests(contents.utterances, models, store, cache)
    assert not rejected
    return line.key


# --- the settings of a batch ----------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[str, bool]] = {
    "voice": ('"m1"', IN_KEY),
    "language": ('"de"', IN_KEY),  # by way of what is said
    "model": ('"second"', IN_KEY),
    "preset": ('"best"', IN_KEY),
    "nfe_step": ("16", IN_KEY),
    "cfg_strength": ("3", IN_KEY),
    "sway_sampling_coef": ('"none"', IN_KEY),
    "speed": ("1.1", IN_KEY),
    "cross_fade_duration": ("0.2", IN_KEY),
    "seed": ("7", IN_KEY),
    "max_attempts": ("5", NOT_IN_KEY),
    "recogniser": ('"none"', NOT_IN_KEY),
    "quality": ("{ max_end_db = -6 }", NOT_IN_KEY),
    "on_bad_rows": ('"fail"', NOT_IN_KEY),
    "commercial": ("true", NOT_IN_KEY),
    "format": ('"flac"', NOT_IN_KEY),
    "sample_rate": ("48000", NOT_IN_KEY),
    "channels": ("2", NOT_IN_KEY),
    "bit_depth": ("24", NOT_IN_KEY),
    "bitrate_kbps": ('96\nformat = "mp3"', NOT_IN_KEY),
    "loudness_lufs": ("-16", NOT_IN_KEY),
    "true_peak_db": ("-3", NOT_IN_KEY),
    "trim_silence": ("false", NOT_IN_KEY),
    "fade_seconds": ("1", NOT_IN_KEY),
    "join_sections": ("true", NOT_IN_KEY),
    "pause_seconds": ("2", NOT_IN_KEY),
    "subtitles": ('"both"', NOT_IN_KEY),
    "audiobook": ("true", NOT_IN_KEY),
    "title": ('"Tales"', NOT_IN_KEY),
    "author": ('"Anna"', NOT_IN_KEY),
    "chapter_pause_seconds": ("1", NOT_IN_KEY),
    "section_titles": ('{ one = "The first" }', NOT_IN_KEY),
}


def test_there_is_a_decision_for_every_setting() -> None:
    assert set(SETTINGS) == set(BatchSettings.model_fields)


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(store: LocalStore, cache: Path, name: str) -> None:
    value, in_key = SETTINGS[name]
    assert (key_of(store, cache, f"{name} = {value}\n") != key_of(store, cache)) is in_key


# --- the columns of a manifest --------------------------------------------------------------------------------

OWN_COLUMN = "note"
IN_COLUMNS: dict[str, tuple[str, bool]] = {
    "text": ("I have 6 of them.", IN_KEY),
    "voice": ("m1", IN_KEY),
    "id": ("b", NOT_IN_KEY),
    "language": ("de", IN_KEY),
    "speed": ("1.1", IN_KEY),
    "seed": ("7", IN_KEY),
    "nfe_step": ("16", IN_KEY),
    "cfg_strength": ("3", IN_KEY),
    "section": ("one", NOT_IN_KEY),
    "pause_after_seconds": ("3", NOT_IN_KEY),
    OWN_COLUMN: ("y", NOT_IN_KEY),
}


def test_there_is_a_decision_for_every_column() -> None:
    assert set(IN_COLUMNS) == {*COLUMNS, OWN_COLUMN}


@pytest.mark.parametrize("name", IN_COLUMNS)
def test_columns(store: LocalStore, cache: Path, name: str) -> None:
    value, in_key = IN_COLUMNS[name]
    assert (key_of(store, cache, cells={name: value}) != key_of(store, cache)) is in_key


@pytest.mark.parametrize(
    ("text", "in_key"),
    [
        ("I have 5 of them. [pause 1s]", IN_KEY),
        ("I have 5 [voice: m1] of them.", IN_KEY),
        ("[voice: f2] I have 5 of them.", NOT_IN_KEY),  # she says it anyway
        ("I  have five of them.", NOT_IN_KEY),  # is said alike
    ],
)
def test_tags_and_what_is_said(store: LocalStore, cache: Path, text: str, in_key: bool) -> None:
    assert (key_of(store, cache, cells={"text": text}) != key_of(store, cache)) is in_key


# --- the files of a store -------------------------------------------------------------------------------------

VOICE_SETTINGS = {"language": 'language = "de"', "speed": "speed = 1.1", "model": 'model = "second"'}


def test_there_is_a_decision_for_every_setting_of_a_voice() -> None:
    assert set(VOICE_SETTINGS) == set(VoiceSettings.model_fields)


@pytest.mark.parametrize(
    ("object_key", "content", "in_key"),
    [
        *(("voices/f2.toml", line, IN_KEY) for line in VOICE_SETTINGS.values()),
        ("voices/f2.txt", "Other words than the voice ever said here.", IN_KEY),
        ("voices/m1.txt", "Other words than the voice ever said here.", NOT_IN_KEY),
        ("pronunciations.csv", "word,say\nhave,heave\n", IN_KEY),
        ("pronunciations.csv", "word,say\nnever,nevver\n", NOT_IN_KEY),
        ("manifests/b.pronunciations.csv", "word,say\nhave,heave\n", IN_KEY),
        ("manifests/other.pronunciations.csv", "word,say\nhave,heave\n", NOT_IN_KEY),
    ],
)
def test_files(store: LocalStore, cache: Path, object_key: str, content: str, in_key: bool) -> None:
    before = key_of(store, cache)
    store.write(object_key, content.encode())
    assert (key_of(store, cache) != before) is in_key


# --- the values that a line is made of ------------------------------------------------------------------------

_PASSAGE = Passage("and this is said.", "bob", "en", 1.0, 0.0, 0.5)
_UTTERANCE = Utterance("1", 1, "-", "this is said.", "anna", "demo", "en", SAMPLING, None, 3)

#: For each field of each value, another value of it, and whether it is in the key.
FIELDS: dict[type, dict[str, tuple[Any, bool]]] = {
    Sampling: {
        "nfe_step": (16, IN_KEY),
        "cfg_strength": (3.0, IN_KEY),
        "sway_sampling_coef": (None, IN_KEY),
        "speed": (1.1, IN_KEY),
        "cross_fade_duration": (0.2, IN_KEY),
    },
    Passage: {
        "spoken_text": ("this is said, too.", IN_KEY),
        "voice": ("carl", NOT_IN_KEY),  # a name; what he sounds like is
        "language": ("de", NOT_IN_KEY),  # what is said in it is
        "speed": (1.1, IN_KEY),
        "pause_before_seconds": (1.0, IN_KEY),
        "pause_after_seconds": (1.0, IN_KEY),
    },
    Utterance: {
        "id": ("2", NOT_IN_KEY),
        "row": (2, NOT_IN_KEY),
        "text": ("as written", NOT_IN_KEY),
        "spoken_text": ("this is said, too.", IN_KEY),
        "voice": ("carl", NOT_IN_KEY),
        "model": ("second", NOT_IN_KEY),  # a name; its files' fingerprint is
        "language": ("de", NOT_IN_KEY),
        "sampling": (replace(SAMPLING, speed=1.1), IN_KEY),
        "seed": (7, IN_KEY),
        "max_attempts": (5, NOT_IN_KEY),
        "section": ("one", NOT_IN_KEY),
        "pause_after_seconds": (3.0, NOT_IN_KEY),
        "columns": ({"a": "b"}, NOT_IN_KEY),
        "passages": ((replace(_PASSAGE, pause_after_seconds=1.0),), IN_KEY),
    },
    Voice: {
        "name": ("carl", NOT_IN_KEY),
        "problems": (("too loud",), NOT_IN_KEY),
        "warnings": (("noisy",), NOT_IN_KEY),
        "audio": ("elsewhere.wav", NOT_IN_KEY),  # a place on this machine; what is in it is the fingerprint's
        "text": ("other. ", NOT_IN_KEY),  # as it was read; as the model is given it, it is in the reference
        "fingerprint": ("b" * 64, IN_KEY),
        "audio_seconds": (4.0, NOT_IN_KEY),  # so is how much of the recording
        "speech_seconds": (2.0, NOT_IN_KEY),
        "language": ("de", NOT_IN_KEY),
        "speed": (1.1, NOT_IN_KEY),
        "model": ("second", NOT_IN_KEY),
    },
    Reference: {
        "text": ("other. ", IN_KEY),
        "seconds": (2.5, IN_KEY),
        # How long a text may take is measured with these; both follow from what is in the key.
        "speech_seconds": (2.5, NOT_IN_KEY),
        "even": (True, NOT_IN_KEY),
        "word_timing": (WordTiming(3.0, {}), NOT_IN_KEY),
    },
    ModelFiles: {
        "checkpoint": (Path("x"), NOT_IN_KEY),
        "vocabulary": (Path("x"), NOT_IN_KEY),
        "vocoder": (Path("x"), NOT_IN_KEY),
        "fingerprint": ("e" * 64, IN_KEY),
        "sha256": ({"checkpoint": "f"}, NOT_IN_KEY),  # in the fingerprint
        "seconds": (1.0, NOT_IN_KEY),
        "bytes_downloaded": (1, NOT_IN_KEY),
        "spacing": (Path("x"), NOT_IN_KEY),  # in the fingerprint
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
    """The key of a line with this field changed in the value of this kind."""

    def changed(given: Any) -> Any:
        return replace(given, **{name: value}) if type(given) is kind and name else given

    if kind is ClipParts:
        return clip_key(changed(ClipParts("said", "a", "f", {"speed": 1.0}, "one")))
    voice, reference = changed(VOICE), changed(REFERENCE)
    utterance = replace(_UTTERANCE, sampling=changed(SAMPLING))
    if kind is Passage or name == "passages":
        utterance = replace(utterance, passages=(changed(_PASSAGE),))
    utterance = changed(utterance)
    speakers = (Speaker(voice, reference),) * max(1, len(utterance.passages))
    model = replace(MODEL, files=changed(MODEL.files))
    return SynthesisRequest(utterance, model, speakers).key


@pytest.mark.parametrize("kind", FIELDS)
def test_there_is_a_decision_for_every_field(kind: Any) -> None:
    assert set(FIELDS[kind]) == {field.name for field in fields(kind)}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in FIELDS.items() for name in table])
def test_fields(kind: type, name: str) -> None:
    value, in_key = FIELDS[kind][name]
    before = key_with(Passage) if name == "passages" and kind is Utterance else key_with(kind)
    assert (key_with(kind, name, value) != before) is in_key
