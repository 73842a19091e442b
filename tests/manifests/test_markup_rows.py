"""Rows with markup: their passages and notes, the batch settings that decide, and reasons for rejection."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_text import displayed_text
from f5_pipeline.manifests.utterance import Passage
from f5_pipeline.storage.local import LocalStore
from tests.manifests.fake_voices import put_fake_voices
from tests.manifests.resolving import resolve, resolve_valid


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna", "bob")
    store.write("voices/bob.toml", b'speed = 1.3\nlanguage = "de"\n')
    return store


def test_language_speed_and_voice_of_markup_are_those_of_its_passages(store: LocalStore) -> None:
    text = '<speak>5 <lang xml:lang="de">5</lang> <prosody rate="50%">5 <voice name="bob">5</voice></prosody></speak>'
    line = resolve_valid(store, text, columns="speed\n0.8")
    assert line.passages == (
        Passage("five", "anna", "en", 0.8),
        Passage("funf", "anna", "de", 0.8),
        Passage("five", "anna", "en", 0.4),
        Passage("funf", "bob", "de", 0.4),
    )
    assert line.text == text


def test_a_tag_beats_the_language_of_the_row(store: LocalStore) -> None:
    line = resolve_valid(store, "[language: de] 5", columns="language\nen")
    assert (line.language, line.language_source, line.spoken_text) == ("de", "tag", "funf")


def test_say_as_is_read_in_the_language_of_the_row(store: LocalStore) -> None:
    text = '<speak><say-as interpret-as="ordinal">2</say-as></speak>'
    assert resolve_valid(store, text).spoken_text == "second"
    assert resolve_valid(store, text, voice="bob").spoken_text == "zweite"
    assert resolve_valid(store, text, toml='language = "fr"').spoken_text == "deuxieme"
    assert resolve_valid(store, f'<voice name="anna">{text[7:-8]}</voice>', voice="").spoken_text == "second"


def test_what_is_not_spoken_is_noted(store: LocalStore) -> None:
    line = resolve_valid(store, "[laughs] You!")
    assert (line.spoken_text, line.notes) == ("you!", ("The direction '[laughs]' is not spoken.",))


def test_the_batch_settings_decide_on_markup_and_directions(store: LocalStore) -> None:
    assert resolve_valid(store, "[laughs] You!", toml='directions = "speak"').spoken_text == "laughs you!"
    assert resolve_valid(store, "- *one*\n- two", toml='markup = "markdown"').spoken_text == "one. two."
    (rejected,) = resolve(store, "[laughs] You!", toml='directions = "reject"').rejected
    assert rejected.reason == "The text has the direction '[laughs]'; remove it, or set directions = 'drop'."
    (rejected,) = resolve(store, "[laughs] You!", toml='markup = "plain"').rejected
    assert "The tag '[laughs]' is unknown" in rejected.reason


REJECTED = [
    ("Hello, {name}!", "", "The placeholder '{name}' has no value"),
    ("[laughs]", "", "The text has nothing to say"),
    ("<speak>a", "", "The SSML is malformed at line 1"),
    ('<voice name="dora">Hi.</voice>', "", "The voice 'dora' is not in the store"),
    ("[speed: 50%] a", "speed\n0.5", "The speed of a passage is 0.5 × 50%, but must be 0.3 to 3"),
]


@pytest.mark.parametrize(("text", "columns", "reason"), REJECTED)
def test_a_row_with_bad_markup_is_rejected(store: LocalStore, text: str, columns: str, reason: str) -> None:
    (rejected,) = resolve(store, text, columns=columns).rejected
    assert reason in rejected.reason


def test_a_rejected_row_names_the_voices_of_its_markup(store: LocalStore) -> None:
    """Their arrival in the store makes the batch out of date."""
    (rejected,) = resolve(store, 'Hi. <voice name="dora">Hi.</voice>').rejected
    assert rejected.voices == ("anna", "dora")


def test_a_text_is_displayed_without_markup() -> None:
    settings = BatchSettings()
    assert displayed_text("<b>Hi</b> [laughs] [pause 1s] there &amp; here", settings) == "Hi there & here"
    assert displayed_text("Hi, {name}", settings) == "Hi, {name}"
    assert displayed_text("*Hi*", BatchSettings(markup="plain")) == "*Hi*"
