"""Markdown documents as manifests: blocks are rows, headings begin sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import BatchContents
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.manifests.fake_voices import put_fake_voices
from tests.manifests.resolving import CATALOGUE, SMALL


def read(tmp_path: Path, document: bytes, toml: str = "", format: str = "md") -> BatchContents:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna")
    store.write(f"manifests/b.{format}", document)
    store.write("manifests/b.toml", f'voice = "anna"\njoin_sections = true\n{toml}'.encode())
    return read_utterances(store, "b", Settings(model="demo"), CATALOGUE, lambda spec: SMALL)


def test_blocks_are_rows_and_headings_begin_sections(tmp_path: Path) -> None:
    document = b"By *nobody*.\r\n\r\n# One\r\n\r\n- 1 egg\r\n- salt\r\n\r\n# Two\r\n\r\nEnd, {x}.\r\n"
    contents = read(tmp_path, document, '[section_titles]\ntwo = "Chapter II"\n')
    assert [(u.row, u.section, u.spoken_text) for u in contents.utterances] == [
        (1, None, "by nobody."),
        (2, "one", "one"),
        (3, "one", "one egg. salt."),
        (4, "two", "two"),
    ]
    assert [(row.row, row.section) for row in contents.rejected] == [(5, "two")]  # a placeholder
    assert contents.settings.section_titles == {"one": "One", "two": "Chapter II"}


def test_the_batch_settings_may_say_that_it_is_plain_text(tmp_path: Path) -> None:
    (utterance,) = read(tmp_path, b"One *or* two").utterances
    assert utterance.spoken_text == "one or two"
    (utterance,) = read(tmp_path, b"One &amp; two", 'markup = "plain"').utterances
    assert utterance.spoken_text == "one and amp, two"


def test_a_text_in_markdown_is_a_document(tmp_path: Path) -> None:
    contents = read(tmp_path, b"# One\nYes.\n- no", 'markup = "markdown"', "txt")
    assert [(u.section, u.spoken_text) for u in contents.utterances] == [
        ("one", "one"),
        ("one", "yes."),
        ("one", "no."),
    ]
    assert contents.settings.section_titles == {"one": "One"}


@pytest.mark.parametrize("document", [b"", b"\xff\xfe\xfa", b"---\n\n[x]: https://example.org\n", b"---\na: b\n---\n"])
def test_a_document_without_text_is_refused(tmp_path: Path, document: bytes) -> None:
    with pytest.raises(BadManifest):
        read(tmp_path, document)
