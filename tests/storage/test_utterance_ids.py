"""Ids from outside: how they are read, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from f5_pipeline.errors import UnsafeName
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import check_key
from f5_pipeline.storage.utterance_ids import check_id, id_problem, is_id, normalised_id, suggested_id

#: An id and a folder as written, and the id.
WRITTEN = [
    ("guard_001", "", "guard_001"),
    ("quests/intro/guard_001", "", "quests/intro/guard_001"),
    (r"quests\intro\guard_001", "", "quests/intro/guard_001"),
    ("barks/guard.wav", "", "barks/guard"),
    ("barks/guard.WAV", "", "barks/guard"),
    ("guard.mp3", "", "guard"),
    ("guard.v2", "", "guard.v2"),  # not the suffix of an audio file
    (".wav", "", ".wav"),  # nothing would remain
    ("a/.wav", "", "a/.wav"),
    ("guard", "barks", "barks/guard"),
    ("loud/guard.ogg", "quests\\barks\\", "quests/barks/loud/guard"),
]


@pytest.mark.parametrize(("written", "folder", "id"), WRITTEN)
def test_ids_are_normalised(written: str, folder: str, id: str) -> None:
    assert normalised_id(written, folder) == id
    assert normalised_id(id) == id


@pytest.mark.parametrize("format", get_args(BatchSettings.model_fields["format"].annotation))
def test_no_file_of_an_id_is_a_folder_of_another(format: str) -> None:
    assert normalised_id(f"a.{format}") == "a"
    assert not is_id(f"a.{format}/b")


#: A normalised id that is not safe, the reason, and the suggested id.
UNSAFE = [
    ("", "empty", ""),
    (".", "begins with a dot", ""),
    ("..", "begins with a dot", ""),
    ("../evil", "begins with a dot", "evil"),
    ("a/../../evil", "'..' begins with a dot", "a/evil"),
    ("./a", "begins with a dot", "a"),
    (".hidden", "begins with a dot", "hidden"),
    ("/etc/passwd", "is empty", "etc/passwd"),
    ("a//b", "is empty", "a/b"),
    ("a/", "is empty", "a"),
    ("C:/a", "'C:' has the character ':'", "C_/a"),
    ("barks/guard 003", "'guard 003' has a blank", "barks/guard_003"),
    (" a", "has a blank", "a"),
    ("a\nb", r"has the character '\n'", "a_b"),
    ("a\0b", r"has the character '\x00'", "a_b"),
    ("a\u202eb", "has the character", "ab"),
    ("löwe", "has the character 'ö'", "lowe"),
    ("日本", "has the character '日'", ""),
    ("a|b", "has the character '|'", "a_b"),
    ("=cmd", "has the character '='", "_cmd"),
    ("con", "Windows reserves", "_con"),
    ("barks/AUX.v2", "Windows reserves", "barks/_AUX.v2"),
    ("nul/a", "Windows reserves", "_nul/a"),
    ("a.wav/b", "the folder 'a.wav' has the suffix of a file", "a_wav/b"),  # a.wav is the file of the id "a"
    ("a.srt/b", "the folder 'a.srt' has the suffix of a file", "a_srt/b"),
    ("a./b", "the folder 'a.' ends with a dot", ""),
    ("x" * 129, "129 characters, more than 128", "x" * 128),
    ("/".join(["x" * 50] * 4), "203 characters, more than 200", ""),
]


@pytest.mark.parametrize(("id", "problem", "suggestion"), UNSAFE)
def test_unsafe_ids_are_refused_with_reason_and_suggestion(id: str, problem: str, suggestion: str) -> None:
    assert problem in id_problem(id)
    with pytest.raises(UnsafeName):
        check_id(id)
    assert suggested_id(id) == suggestion
    assert is_id(suggestion) or not suggestion


SAFE = ["a", "a/b", "a/b/c", "-", "_", "a.b", "a.", "console", "com", "/".join(["x" * 49] * 4), "quests/intro/guard.v2"]


def test_safe_ids_are_files_beside_each_other(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for id in SAFE:
        store.write(check_key(f"batches/b/audio/{check_id(id)}.wav"), id.encode())
    assert {store.read(info.key).decode() for info in store.list("batches/b/audio/")} == set(SAFE)
