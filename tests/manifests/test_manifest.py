"""Batches: finding, resolving, saving and submitting. The store is a real folder; no model is loaded."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.errors import (
    BadManifest,
    BadPronunciations,
    BadSetting,
    BatchChanging,
    BatchMissing,
    LicenceForbids,
    ObjectMissing,
    RowsRejected,
    UnknownModel,
    UnsafeName,
)
from f5_pipeline.manifests.batch_files import find_manifest, submit_manifest
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.resolve import Resolver
from f5_pipeline.manifests.row_text import MAX_CHARACTERS
from f5_pipeline.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.manifest_files import list_manifests, manifest_files
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import MANIFEST_FORMATS
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.utterance_ids import is_id
from tests.manifests.fake_voices import put_fake_voices

CATALOGUE = load_catalogue(Settings())
VOCABULARY = frozenset(" abcdefghijklmnopqrstuvwxyz',.?!")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna", "bob")
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", model="demo")


def resolve(
    store: LocalStore,
    manifest: str,
    toml: str = "",
    model: str = "demo",
    catalogue: dict[str, ModelSpec] | None = None,
) -> BatchContents:
    store.write("manifests/b.csv", manifest.encode())
    store.write("manifests/b.toml", toml.encode())
    return read_utterances(store, "b", Settings(model=model), catalogue or CATALOGUE, lambda spec: VOCABULARY)


def reasons(contents: BatchContents) -> list[str]:
    return [f"{row.row}: {row.reason}" for row in contents.rejected]


# --- finding --------------------------------------------------------------------------------------------------


def test_a_manifest_is_found_by_batch_name(store: LocalStore) -> None:
    store.write("manifests/c.d.jsonl", b'{"text": "x"}')
    assert find_manifest(store, "c.d") == "manifests/c.d.jsonl"


@pytest.mark.parametrize("format", MANIFEST_FORMATS)
def test_a_manifest_of_any_format_in_the_store_is_a_batch(store: LocalStore, format: str) -> None:
    store.write(f"manifests/b.{format}", b"?")
    assert find_manifest(store, "b") == f"manifests/b.{format}"
    assert known_batches(store) == list(list_manifests(store)) == ["b"]


def test_the_error_for_a_missing_batch_lists_the_existing_ones(store: LocalStore) -> None:
    with pytest.raises(BatchMissing, match="no batches"):
        find_manifest(store, "tales")
    store.write("manifests/poems.txt", b"x")
    with pytest.raises(BatchMissing, match=r"'tales'.*It has: poems"):
        find_manifest(store, "tales")


def test_two_manifests_for_one_batch_are_refused(store: LocalStore) -> None:
    store.write("manifests/b.csv", b"text\nx\n")
    store.write("manifests/b.jsonl", b'{"text": "x"}')
    with pytest.raises(BadManifest, match=r"manifests/b\.csv, manifests/b\.jsonl"):
        find_manifest(store, "b")


@pytest.mark.parametrize("batch", ["../evil", "a/b", ".hidden", "", "a b", "x" * 129])
def test_an_unsafe_batch_name_is_refused(store: LocalStore, batch: str) -> None:
    for call in (find_manifest, load_utterances):
        with pytest.raises(UnsafeName):
            call(store, batch)


# --- resolving ------------------------------------------------------------------------------------------------


def test_a_plain_manifest(store: LocalStore) -> None:
    manifest = "text,voice,mood\nHello 2 you!,anna,glad\nBye.,bob,\n"
    contents = resolve(store, manifest)
    first, second = contents.utterances
    assert (first.id, first.row, first.text, first.spoken_text) == ("0001", 1, "Hello 2 you!", "hello two you!")
    assert (first.voice, first.model, first.language, first.section) == ("anna", "demo", "en", None)
    assert first.sampling == CATALOGUE["demo"].default_sampling
    assert (first.seed, first.pause_after_seconds, first.columns) == (None, None, {"mood": "glad"})
    assert (second.id, second.columns) == ("0002", {"mood": ""})
    assert contents.rejected == ()
    assert contents.manifest_sha256 == hashlib.sha256(manifest.encode()).hexdigest()


def test_row_beats_batch_beats_voice_beats_model(store: LocalStore) -> None:
    store.write("voices/bob.toml", b"speed = 1.3\nlanguage = 'de'\n")
    manifest = (
        "text,voice,speed,nfe_step,cfg_strength,seed,language,section,pause_after_seconds\n"
        "a,bob,,,,,,,\nb,,0.9,12,0.5,3,fr,one,0.7\nc,bob,,,,,,,\n"
    )
    plain, full, batched = [
        resolve(store, manifest, toml).utterances
        for toml in (
            'voice = "anna"',
            'voice = "anna"\nspeed = 1.1\nnfe_step = 16\nseed = 9\nlanguage = "es"\nmax_attempts = 5',
            'voice = "anna"\npreset = "best"\nsway_sampling_coef = "none"\ncross_fade_duration = 0.3',
        )
    ]
    default = CATALOGUE["demo"].default_sampling
    assert (plain[0].sampling.speed, plain[0].language) == (1.3, "de")
    assert plain[1].voice == "anna"
    assert plain[1].sampling == replace(default, speed=0.9, nfe_step=12, cfg_strength=0.5)
    assert (plain[1].seed, plain[1].language, plain[1].section, plain[1].pause_after_seconds) == (3, "fr", "one", 0.7)
    assert (full[0].sampling.speed, full[0].language, full[0].seed, full[0].max_attempts) == (1.1, "es", 9, 5)
    assert (full[0].sampling.nfe_step, full[1].sampling.nfe_step) == (16, 12)
    assert batched[0].sampling == Sampling(16, default.cfg_strength, None, 1.3, 0.3, "ab2")
    assert batched[0].sampling is batched[2].sampling  # equal rows share one object


@pytest.mark.parametrize(
    ("preset", "solver", "steps", "euler_steps"),
    [("best", "ab2", 16, 32), ("balanced", "ab2", 14, 16), ("fast", "euler", 7, 7)],
)
def test_presets_set_steps_and_solver_unless_they_are_given(
    store: LocalStore, preset: str, solver: str, steps: int, euler_steps: int
) -> None:
    """Explicit steps are the model's solver's, and a preset with an explicit Euler has the steps that it always had."""

    def given(toml: str) -> list[tuple[str, int]]:
        manifest = "text,voice,nfe_step,solver\na,anna,,\nb,anna,5,\nc,anna,,euler\nd,anna,5,ab2\n"
        contents = resolve(store, manifest, f'preset = "{preset}"\n{toml}')
        save_utterances(store, "b", contents)
        assert load_utterances(store, "b").utterances == contents.utterances
        return [(u.sampling.solver, u.sampling.nfe_step) for u in contents.utterances]

    rows = [("euler", 5), ("euler", euler_steps), ("ab2", 5)]
    assert given("") == [(solver, steps), *rows]
    assert given('solver = "euler"')[0] == ("euler", euler_steps)
    assert given("nfe_step = 10") == [("euler", 10), ("euler", 5), ("euler", 10), ("ab2", 5)]
    assert given('nfe_step = 10\nsolver = "ab2"') == [("ab2", 10), ("ab2", 5), ("euler", 10), ("ab2", 5)]


def test_the_model_of_a_voice_beats_the_environment_and_loses_to_the_batch(store: LocalStore) -> None:
    store.write("voices/bob.toml", b'model = "second"')
    catalogue = {**CATALOGUE, "second": replace(CATALOGUE["demo"], name="second", lower_case=False)}
    manifest = "text,voice\nA,anna\nB,bob\n"
    assert [u.model for u in resolve(store, manifest, catalogue=catalogue).utterances] == ["demo", "second"]
    batch = resolve(store, manifest, 'model = "demo"', catalogue=catalogue)
    assert [u.model for u in batch.utterances] == ["demo", "demo"]


def test_default_ids_are_padded_to_the_width_of_the_last(store: LocalStore) -> None:
    contents = resolve(store, "text,voice\n" + "a,anna\n" * 10_000)
    assert (contents.utterances[0].id, contents.utterances[-1].id) == ("00001", "10000")


BAD_ROWS = [
    ("id,text,voice\n1,,anna\n", "1: The text is empty."),
    ('id,text,voice\n1," \t\u00a0",anna\n', "1: The text is empty."),
    ("text,voice\n?!...,anna\n", "1: The text has nothing to say: no letter and no digit."),
    ("text,voice\n\u200b\u202e,anna\n", "1: The text has nothing to say: no letter and no digit."),
    ("text,voice\n😀😀,anna\n", "1: The model 'demo' cannot say '😀' (U+1F600 GRINNING FACE)."),
    ("text,voice\nשלום,anna\n", "1: The model 'demo' cannot say 'ש' (U+05E9 HEBREW LETTER SHIN), "),
    ("text,voice\nabcdeжзиклм,anna\n", "and 1 more characters."),
    ("text\nHello\n", "1: The row names no voice, and the batch settings give none; add"),
    ("text,voice\nHello,\n", "1: The row names no voice, and the batch settings give none; add"),
    (
        "text,voice\nHello,ana\n",
        "1: The voice 'ana' is not in the store. Did you mean 'anna'? It has: anna, bob.",
    ),
    ("text,voice\nHello,../../etc/passwd\n", "1: The voice '../../etc/passwd' is not in the store. It has: anna, bob."),
    ("id,text,voice\nx,A,anna\nx,B,anna\n", "2: The id 'x' is already that of row 1"),
    ("id,text,voice\nx,A,anna\nX,B,anna\n", "2: The id 'X' is already that of row 1"),
    ("id,text,voice\n0002,A,anna\n,B,anna\n", "2: The id '0002' is already that of row 1"),
    (
        "id,text,voice\nx/a b.wav,A,anna\n",
        "1: The id 'x/a b' is not a safe name: 'a b' has a blank. Write 'x/a_b'.",
    ),
    ("id,text,voice\n日本,A,anna\n", "1: The id '日本' is not a safe name: '日本' has the character '日'."),
    ("folder,text,voice\n../x,A,anna\n", "1: The id '../x/0001' is not a safe name: '..' begins with a dot."),
    ("id,text,voice\nx/y,A,anna\nX\\Y.wav,B,anna\n", "2: The id 'X/Y' is already that of row 1"),
    ("id,folder,text,voice\nx/y,,A,anna\ny,x,B,anna\n", "2: The id 'x/y' is already that of row 1"),
    ("section,text,voice\na/b,A,anna\n", "1: The section 'a/b' is not a safe name"),
    (
        "section,text,voice\nCh1,A,anna\nch1,B,anna\n",
        "2: The section 'ch1' is spelled 'Ch1' in row 1",
    ),
    ("text,voice,speed\nA,anna,9\n", "1: Its speed must be at most 3, but is '9'."),
    ("text,voice,speed\nA,anna,0\n", "1: Its speed must be at least 0.3, but is '0'."),
    ("text,voice,speed\nA,anna,nan\n", "1: Its speed must be a number, but is 'nan'."),
    ("text,voice,speed\nA,anna,fast\n", "1: Its speed must be a number, but is 'fast'."),
    (
        'text,voice,speed\nA,anna,"1,2"\n',
        "1: Its speed must be a number, but is '1,2' (write a decimal point, not a comma).",
    ),
    ("text,voice,nfe_step\nA,anna,7.5\n", "1: Its nfe_step must be a whole number, but is '7.5'."),
    ("text,voice,solver\nA,anna,Heun\n", "1: Its solver must be one of 'euler' or 'ab2', but is 'Heun'."),
    ("text,voice,nfe_step\nA,anna,1000\n", "1: Its nfe_step must be at most 128, but is '1000'."),
    ("text,voice,seed\nA,anna,-1\n", "1: Its seed must be at least 0, but is '-1'."),
    ("text,voice,cfg_strength\nA,anna,inf\n", "1: Its cfg_strength must be"),
    ("text,voice,pause_after_seconds\nA,anna,61\n", "1: Its pause_after_seconds must be at most 60, but is '61'."),
    ("text,voice,language\nA,anna,English please\n", "1: Its language must be a language code such as 'en' or 'pt-BR'"),
    ("text,voice\nHello, world,anna\n", "1: The row has 3 cells and the header 2"),
    (f"text,voice\n{'x' * 2**20},anna\n", "1: The text has 1,048,576 characters; a row has at most 50,000"),
    ("text,voice\nbroken \ufffd,anna\n", "1: The model 'demo' cannot say '�' (U+FFFD REPLACEMENT CHARACTER)."),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "reason"), BAD_ROWS, ids=[reason[:60] for _, reason in BAD_ROWS])
def test_bad_rows_are_rejected_with_a_reason_and_good_rows_resolved(
    store: LocalStore, manifest: str, reason: str
) -> None:
    header = manifest.partition("\n")[0].split(",")
    good = ",".join({"text": "Good", "voice": "anna", "id": "good"}.get(name, "") for name in header)
    contents = resolve(store, manifest + ("" if "voice" not in header else good + "\n"))
    (rejected,) = contents.rejected
    assert reason in f"{rejected.row}: {rejected.reason}"
    assert "\n" not in rejected.reason
    assert len(rejected.text) <= 2_001
    if "voice" in header:
        assert contents.utterances[-1].text == "Good"


def test_lines_without_a_section_join_the_section_of_the_batch(store: LocalStore) -> None:
    """In joined delivery, its name must not differ from another section by case alone."""
    manifest = "section,text,voice\nB,One.,anna\nB,Two.,anna\n,Three.,anna\nb,Four.,anna\n"
    (other,) = resolve(store, manifest).rejected
    assert other.row == 4
    three, four = resolve(store, manifest, "join_sections = true").rejected
    assert "no section and joins 'b', which is spelled 'B' in row 1" in three.reason
    assert four.row == 4
    assert resolve(store, manifest.replace("B,", "b,"), "audiobook = true").rejected == ()


def test_a_manifest_is_read_to_its_end_before_a_row_is_resolved(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolving takes minutes for a large manifest."""
    monkeypatch.setattr(Resolver, "resolve", lambda *_: pytest.fail("resolved"))
    with pytest.raises(BadManifest, match="line 1002 that is never closed"):
        resolve(store, "text,voice\n" + "A,anna\n" * 1_000 + '"B,anna\n')


def test_a_broken_line_of_jsonl_is_one_rejected_row(store: LocalStore) -> None:
    store.write("manifests/j.jsonl", b'{"text": "A", "voice": "anna"}\n{"text": \n')
    contents = read_utterances(store, "j", Settings(), CATALOGUE, lambda spec: VOCABULARY)
    assert [u.id for u in contents.utterances] == ["0001"]
    assert "The row is not JSON" in contents.rejected[0].reason


def test_ids_may_have_folders(store: LocalStore) -> None:
    manifest = (
        "folder,id,text,voice\n,quests\\intro\\g1.wav,A,anna\n,quests/intro,B,anna\nbarks/,g2,C,anna\nbarks,,D,anna\n"
    )
    contents = resolve(store, manifest)
    assert [u.id for u in contents.utterances] == ["quests/intro/g1", "quests/intro", "barks/g2", "barks/0004"]
    assert contents.utterances[0].columns == {}


def test_rejected_rows_have_unique_and_safe_ids(store: LocalStore) -> None:
    manifest = "id,text,voice\nx,A,anna\nx,B,anna\n../y,C,anna\nrow-0003,D,anna\nrow-0002,,anna\nz,,anna\n"
    contents = resolve(store, manifest)
    ids = [row.id for row in (*contents.utterances, *contents.rejected)]
    assert len({id.lower() for id in ids}) == 6
    assert [row.id for row in contents.rejected if row.row == 6] == ["z"]
    assert all(map(is_id, ids))


def test_a_text_may_have_the_maximum_length(store: LocalStore) -> None:
    text = "word " * (MAX_CHARACTERS // 5)
    assert resolve(store, f"text,voice\n{text},anna\n").rejected == ()


def test_the_spoken_text_keeps_paragraphs(store: LocalStore) -> None:
    contents = resolve(store, 'text,voice\n"One.\n\nTwo.",anna\n')
    assert contents.utterances[0].spoken_text == "one.\n\ntwo."


def test_incomplete_voices_are_named_in_the_reason(store: LocalStore) -> None:
    store.write("voices/mute.wav", b"x")
    store.write("voices/twice.wav", b"x")
    store.write("voices/twice.mp3", b"x")
    store.write("voices/twice.txt", b"x")
    store.write("voices/ghost.txt", b"x")
    store.write("voices/wrong.wav", b"x")
    store.write("voices/wrong.txt", b"x")
    store.write("voices/wrong.toml", b"sped = 1")
    contents = resolve(store, "text,voice\nA,mute\nA,twice\nA,ghost\nA,wrong\n")
    mute, twice, ghost, wrong = reasons(contents)
    assert "The voice 'mute' cannot be used: it has no transcript" in mute
    assert "voices/twice.mp3" in twice
    assert "voices/twice.wav" in twice
    assert "The voice 'ghost' is not in the store" in ghost
    assert "voices/wrong.toml, setting 'sped' is not a setting." in wrong


def test_resolving_lists_voices_but_downloads_none(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("downloaded")

    monkeypatch.setattr(store, "download", refuse)
    read, keys = store.read, []
    monkeypatch.setattr(store, "read", lambda key, first=None: (keys.append(key), read(key, first))[1])
    resolve(store, "text,voice\n" + "A,anna\nB,bob\nC,nobody\n" * 50)
    assert keys == ["manifests/b.toml", "manifests/b.csv"]


def test_voice_settings_are_read_once(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("voices/bob.toml", b"speed = 2")
    read, keys = store.read, []
    monkeypatch.setattr(store, "read", lambda key, first=None: (keys.append(key), read(key, first))[1])
    resolve(store, "text,voice\n" + "A,bob\n" * 50)
    assert keys.count("voices/bob.toml") == 1


def test_on_bad_rows_fail_stops_the_batch(store: LocalStore) -> None:
    with pytest.raises(RowsRejected, match=r"'b'.*2 bad rows.*row 2: .*row 3: .*'x'"):
        resolve(store, 'text,voice\nA,anna\n"",anna\nB,x\n', 'on_bad_rows = "fail"')
    assert len(resolve(store, "text,voice\nA,anna\n", 'on_bad_rows = "fail"').utterances) == 1


def test_an_unknown_model_stops_the_batch(store: LocalStore) -> None:
    with pytest.raises(UnknownModel, match=r"'nope'.*demo"):
        resolve(store, "text,voice\nA,anna\n", 'model = "nope"')
    with pytest.raises(UnknownModel, match="'nada'"):
        resolve(store, "text,voice\nA,anna\n", model="nada")
    store.write("voices/bob.toml", b'model = "nope"')
    contents = resolve(store, "text,voice\nA,anna\nB,bob\n")
    assert all(name in contents.rejected[0].reason for name in ("'bob'", "'nope'"))


def test_commercial_use_requires_a_licence_that_allows_it(store: LocalStore) -> None:
    catalogue = {"demo": replace(CATALOGUE["demo"], commercial=False, licence="CC-BY-NC-4.0")}
    manifest = "text,voice\nA,anna\n"
    assert resolve(store, manifest, catalogue=catalogue).utterances
    with pytest.raises(LicenceForbids, match="CC-BY-NC"):
        resolve(store, manifest, "commercial = true", catalogue=catalogue)


def test_batch_settings_are_checked(store: LocalStore) -> None:
    with pytest.raises(BadSetting, match=r"b\.toml, setting 'nfe'"):
        resolve(store, "text,voice\nA,anna\n", "nfe = 1")


def test_misplaced_settings_misspelt_columns_and_untrained_languages_are_warnings(store: LocalStore) -> None:
    contents = resolve(store, "text,voice,model,langauge,note\nA,anna,x,y,z\nB,anna,x,y,z\n", 'language = "de"')
    model, typo, language = contents.warnings
    assert "'model' has no effect" in model
    assert "'langauge' has no effect" in typo
    assert "'language'" in typo
    assert language.startswith("2 rows are in 'de'")
    assert contents.utterances[0].columns == {"model": "x", "langauge": "y", "note": "z"}


def test_what_was_understood_of_the_columns_is_a_warning(store: LocalStore) -> None:
    contents = resolve(store, "Key,Dialogue,speaker\nk1,A,anna\n")
    assert [(u.id, u.text, u.voice) for u in contents.utterances] == [("k1", "A", "anna")]
    assert [warning for warning in contents.warnings if "'Dialogue' is read as 'text'" in warning]


def test_step_counts_without_a_schedule_are_a_warning(store: LocalStore) -> None:
    manifest = "text,voice,nfe_step,solver\nA,anna,20,\nB,anna,16,\nC,anna,20,\nD,anna,21,ab2\n"
    (warning,) = resolve(store, manifest, 'preset = "best"').warnings
    assert "nfe_step = 20" in warning
    assert "5, 6, 7, 10, 12, 16" in warning
    assert "ab2" in warning


@pytest.mark.slow
def test_f5_tts_has_schedules_for_these_step_counts() -> None:
    """The warning above depends on it."""
    prepare_imports()
    import torch
    from f5_tts.model.utils import get_epss_timesteps

    def uniform(steps: int) -> bool:
        times = get_epss_timesteps(steps, "cpu", torch.float32)
        return bool(torch.allclose(times, torch.linspace(0, 1, steps + 1)))

    assert [steps for steps in range(1, 65) if not uniform(steps)] == [5, 6, 7, 10, 12, 16]


def test_a_vocabulary_that_is_not_on_this_machine_is_a_warning(store: LocalStore) -> None:
    store.write("manifests/b.csv", "text,voice\nЖ,anna\n".encode())
    contents = read_utterances(store, "b", Settings(), CATALOGUE, lambda spec: None)
    assert contents.utterances[0].spoken_text == "ж"
    assert "'demo' is not on this machine" in contents.warnings[0]


def test_the_shipped_demo(tmp_path: Path) -> None:
    """The embedded manifest, voices and vocabulary; one row is invalid on purpose."""
    store, demo = LocalStore(tmp_path / "store"), files("f5_pipeline").joinpath("demo")
    for file in demo.joinpath("voices").iterdir():
        store.write(f"voices/{file.name}", file.read_bytes())
    store.write("manifests/demo.csv", demo.joinpath("manifest.csv").read_bytes())
    contents = read_utterances(store, "demo", Settings(cache=tmp_path / "cache"), CATALOGUE)
    assert len(contents.utterances) >= 12
    assert len({u.voice for u in contents.utterances}) >= 3
    assert [row.id for row in contents.rejected] == ["bad-voice"]
    assert contents.warnings == ()


def test_resolving_needs_no_torch_dagster_or_boto3() -> None:
    code = "import sys; sys.modules.update(torch=None, torchaudio=None, f5_tts=None, dagster=None, boto3=None)\n"
    code += "from f5_pipeline import manifests, text, voices\n"
    code += "import f5_pipeline.manifests.manifest, f5_pipeline.voices.prepare"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- saving ---------------------------------------------------------------------------------------------------


def test_a_resolved_batch_survives_saving_and_loading(store: LocalStore) -> None:
    contents = resolve(
        store,
        'id,text,voice,speed,note\na,"Hi\n\nyou\u2028there",anna,1.5,"x\ny"\nb,,anna,,\nc,Bye,anna,,é😀\n',
        'format = "flac"\nloudness_lufs = "none"\nseed = 4\n',
    )
    assert len(contents.utterances) == 2
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents
    lines = store.read("batches/b/utterances.jsonl").decode().rstrip("\n").split("\n")
    assert [next(iter(json.loads(line))) for line in lines] == [
        *("format", "utterance", "utterance", "rejected", "made_of")
    ]


def test_any_json_column_name_can_be_saved(store: LocalStore) -> None:
    store.write("manifests/b.jsonl", b'{"text": "hi", "voice": "anna", "\\ud800x": "\\udc00"}')
    contents = read_utterances(store, "b", Settings(), CATALOGUE, lambda spec: VOCABULARY)
    assert contents.utterances[0].columns == {"\ufffdx": "\ufffd"}
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents


def test_a_missing_or_damaged_utterance_file_is_an_error(store: LocalStore) -> None:
    with pytest.raises(ObjectMissing, match=r"'b'.*'utterances'"):
        load_utterances(store, "b")
    save_utterances(store, "b", resolve(store, "text,voice\nA,anna\nB,anna\n"))
    intact = store.read("batches/b/utterances.jsonl")
    for damaged in (
        intact[: len(intact) // 2],
        intact.rsplit(b"\n", 2)[0],
        b"",
        b"\xff",
        b"{}\n[]\n",
        b'{"format": 99}\n',
    ):
        store.write("batches/b/utterances.jsonl", damaged)
        with pytest.raises(BadManifest, match="is damaged"):
            load_utterances(store, "b")


# --- submitting -----------------------------------------------------------------------------------------------


def write(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def manifests(store: LocalStore) -> dict[str, bytes]:
    return {info.key: store.read(info.key) for info in store.list("manifests/")}


def test_submitting_copies_manifest_and_settings(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "tales.csv", "text\nA\n")
    write(tmp_path / "in" / "tales.toml", "seed = 1\n")
    assert submit_manifest(store, path) == "tales"
    assert manifests(store) == {"manifests/tales.csv": b"text\nA\n", "manifests/tales.toml": b"seed = 1\n"}
    assert submit_manifest(store, path, "other.name") == "other.name"
    assert find_manifest(store, "other.name") == "manifests/other.name.csv"


def test_a_cover_is_submitted_and_removed_with_its_manifest(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "tales.csv", "text\nA\n")
    submit_manifest(store, path)
    before = manifest_files(store, "tales").version
    write(tmp_path / "in" / "tales.png", "a picture")
    submit_manifest(store, path)
    assert store.read("manifests/tales.png") == b"a picture"
    assert manifest_files(store, "tales").version != before  # the batch is stale
    (tmp_path / "in" / "tales.png").unlink()
    submit_manifest(store, path)
    assert list(manifests(store)) == ["manifests/tales.csv"]


def test_submitting_again_replaces_all_files(store: LocalStore, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    submit_manifest(store, write(folder / "t.csv", "text\nA\n"))
    write(folder / "t.toml", "seed = 1\n")
    submit_manifest(store, write(folder / "t.jsonl", '{"text": "B"}\n'))
    assert manifests(store) == {"manifests/t.jsonl": b'{"text": "B"}\n', "manifests/t.toml": b"seed = 1\n"}
    shutil.rmtree(folder)
    submit_manifest(store, write(folder / "t.txt", "C\n"))
    assert manifests(store) == {"manifests/t.txt": b"C\n"}


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("My Lines (2).csv", "My-Lines-2"),
        ("Öl & Gas.csv", "Ol-Gas"),
        (".hidden.csv", "hidden"),
        ("a.b.csv", "a.b"),
        ("x" * 200 + ".csv", "x" * 100),
    ],
)
def test_the_batch_name_derives_from_the_file_name(store: LocalStore, tmp_path: Path, name: str, batch: str) -> None:
    assert submit_manifest(store, write(tmp_path / name, "text\nA\n")) == batch


@pytest.mark.parametrize(("name", "key"), [("a.TSV", "a.tsv"), ("a.ndjson", "a.jsonl"), ("a.CSV", "a.csv")])
def test_suffix_aliases_are_stored_under_the_canonical_suffix(
    store: LocalStore, tmp_path: Path, name: str, key: str
) -> None:
    data = '{"text": "A"}' if "json" in name else "text\tvoice\nA\tanna\n"
    submit_manifest(store, write(tmp_path / name, data))
    assert list(manifests(store)) == [f"manifests/{key}"]


def test_an_invalid_file_stops_the_submission(store: LocalStore, tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", "text\nA\n")
    bad_settings, bad_dictionary = write(tmp_path / "s.csv", "text\nA\n"), write(tmp_path / "d.csv", "text\nA\n")
    write(tmp_path / "s.toml", "nope = 1\n")
    write(tmp_path / "d.pronunciations.csv", "word,say\n")
    for path, batch, error in (
        (good, "../evil", UnsafeName),
        (write(tmp_path / "日本.csv", "text\nA\n"), None, UnsafeName),
        (write(tmp_path / "a.xlsx", b"PK"), None, BadManifest),
        (write(tmp_path / "a.docx", b"PK"), None, BadManifest),
        (write(tmp_path / "a.csv", "words\nA\n"), None, BadManifest),
        (write(tmp_path / "l.csv", "text\nÜ\n".encode("latin-1")), None, BadManifest),
        (tmp_path / "missing.csv", None, BadManifest),
        (write(tmp_path / "dir.csv" / "x", "").parent, None, BadManifest),
        (bad_settings, None, BadSetting),
        (bad_dictionary, None, BadPronunciations),
    ):
        with pytest.raises(error):
            submit_manifest(store, path, batch)
    assert manifests(store) == {}


class Stopped(Exception):
    pass


@pytest.mark.parametrize("write_that_fails", range(1, 6))
def test_an_interrupted_submission_blocks_the_batch_until_it_is_repeated(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_that_fails: int
) -> None:
    """Wherever it is interrupted, old files are never combined with new ones."""
    folder = tmp_path / "in"
    write(folder / "t.toml", "seed = 1\nvoice = 'anna'")
    submit_manifest(store, write(folder / "t.csv", "text\nOld.\n"))
    (folder / "t.csv").unlink()
    write(folder / "t.toml", "seed = 2\nvoice = 'anna'")
    write(folder / "t.pronunciations.csv", "word,say\nnew,knew\n")
    path = write(folder / "t.jsonl", '{"text": "New."}\n')
    changed = _stop_after(store, monkeypatch, write_that_fails)
    with pytest.raises(Stopped):
        submit_manifest(store, path)
    monkeypatch.undo()
    assert len(changed) == write_that_fails
    with pytest.raises(BatchChanging, match=r"'t'.*submit it again"):
        read_utterances(store, "t", Settings(), CATALOGUE, lambda spec: VOCABULARY)
    submit_manifest(store, path)
    (line,) = read_utterances(store, "t", Settings(), CATALOGUE, lambda spec: VOCABULARY).utterances
    assert (line.spoken_text, line.seed) == ("knew.", 2)


def _stop_after(store: LocalStore, monkeypatch: pytest.MonkeyPatch, changes: int) -> list[str]:
    """Makes the store raise ``Stopped`` after this many changes; returns the changed keys."""
    write, delete = store.write, store.delete
    changed: list[str] = []

    def change(key: str, apply: Callable[[], object]) -> None:
        if len(changed) == changes:
            raise Stopped
        changed.append(key)
        apply()

    monkeypatch.setattr(store, "write", lambda key, data: change(key, lambda: write(key, data)))
    monkeypatch.setattr(store, "delete", lambda key: change(key, lambda: delete(key)))
    return changed


def test_files_that_change_during_the_read_are_read_again(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("manifests/b.csv", b"text,voice\nOld.,anna\n")
    store.write("manifests/b.toml", b"seed = 1")
    read, changes = store.read, [b"seed = 2"]

    def busy(key: str, first: int | None = None) -> bytes:
        data = read(key, first)
        if key == "manifests/b.toml" and changes:  # a concurrent submission
            store.write("manifests/b.toml", changes.pop())
            store.write("manifests/b.csv", b"text,voice\nNew.,anna\n")
        return data

    monkeypatch.setattr(store, "read", busy)
    contents = read_utterances(store, "b", Settings(), CATALOGUE, lambda spec: VOCABULARY)
    assert [(line.text, line.seed) for line in contents.utterances] == [("New.", 2)]
    changes += [b"seed = %d" % number for number in range(10)]
    with pytest.raises(BatchChanging):
        read_utterances(store, "b", Settings(), CATALOGUE, lambda spec: VOCABULARY)


def test_a_manifest_in_the_store_can_be_submitted_in_place(store: LocalStore) -> None:
    store.write("manifests/b.csv", b"text\nA\n")
    assert submit_manifest(store, Path(store.location("manifests/b.csv"))) == "b"
    assert store.read("manifests/b.csv") == b"text\nA\n"
