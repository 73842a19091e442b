"""Speaking a batch, from the resolved manifest to clips and index. Real store, voices and model files; no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.errors import LicenceForbids, NothingSpoken, ObjectMissing, RowsRejected, Superseded, UnknownModel
from f5_pipeline.manifests.decide import add_decisions
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances, utterances_version
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.results.garbage_collection import clean, orphaned_clips
from f5_pipeline.results.index import read_index, write_index
from f5_pipeline.results.lookup import manifest_has_changed
from f5_pipeline.results.provenance import read_provenance
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine, clipped, quiet

CATALOGUE = load_catalogue(Settings())
MANIFEST = "text,voice,note\nThe first line.,f2,a\nThe second line.,m1,b\nAnd the third one.,f2,c\n"


class Workspace:
    """A store with two voices of the demo, and what a user does with a batch in it."""

    def __init__(self, store: LocalStore, cache: Path) -> None:
        self.store, self.cache = store, cache
        self.catalogue: Mapping[str, ModelSpec] = CATALOGUE
        put_voices(store, "f2", "m1")

    def resolve(self, manifest: str = MANIFEST, toml: str = "", batch: str = "b", *, unchecked: bool = False) -> None:
        """Write the manifest and resolve it; ``unchecked``: without a vocabulary, as before the model is downloaded."""
        self.store.write(f"manifests/{batch}.csv", manifest.encode())
        self.store.write(f"manifests/{batch}.toml", toml.encode())
        settings = Settings(cache=self.cache, model="demo")
        vocabulary = (lambda spec: None) if unchecked else None
        save_utterances(self.store, batch, read_utterances(self.store, batch, settings, self.catalogue, vocabulary))

    def speak(self, engine: FakeEngine | None = None, batch: str = "b") -> BatchReport:
        """Speak the batch; without an engine, speaking anything is an error."""
        engine = engine or FakeEngine(dies_after=0)
        return speak_batch(batch, SynthesisContext(self.store, self.cache, self.catalogue, engine.load))


@pytest.fixture
def workspace(tmp_path: Path, cache: Path) -> Workspace:
    return Workspace(LocalStore(tmp_path / "store"), cache)


# --- clips and index ------------------------------------------------------------------------------------------


def test_a_batch_is_spoken_and_indexed(workspace: Workspace) -> None:
    workspace.resolve()
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert report.counts == {"ok": 3, "suspect": 0, "rejected": 0, "failed": 0}
    assert (report.clips_spoken, report.cached) == (3, 0)
    assert report.audio_seconds == pytest.approx(report.audio_seconds_spoken)
    assert report.real_time_factor is not None
    assert report.real_time_factor > 0
    assert report.seconds >= report.speak_seconds + report.load_seconds
    assert read_index(workspace.store, "b") == list(report.rows)
    assert [(row.id, row.voice, row.columns) for row in report.rows] == [
        ("0001", "f2", {"note": "a"}),
        ("0002", "m1", {"note": "b"}),
        ("0003", "f2", {"note": "c"}),
    ]
    assert sorted(engine.texts) == ["and the third one.", "the first line.", "the second line."]


def test_the_model_receives_the_prepared_voice(workspace: Workspace) -> None:
    workspace.resolve()
    engine = FakeEngine()
    workspace.speak(engine)
    chunk = next(chunk for chunk in engine.spoken if "first" in chunk.text)
    samples, rate = soundfile.read(chunk.ref_audio)
    assert (rate, samples.ndim) == (24_000, 1)
    assert 0 < chunk.ref_seconds <= len(samples) / rate
    assert chunk.ref_text == workspace.store.read("voices/f2.txt").decode().strip()


def test_the_transcript_is_read_in_the_language_of_its_voice(workspace: Workspace) -> None:
    transcript = workspace.store.read("voices/f2.txt").decode().strip()
    workspace.store.write("voices/f2.txt", f"{transcript} 5.".encode())
    workspace.store.write("voices/f2.toml", b'language = "en"')
    workspace.resolve("text,voice,language\nEs sind 5.,f2,de\n")
    engine = FakeEngine()
    workspace.speak(engine)
    (chunk,) = engine.spoken
    assert (chunk.text, chunk.ref_text.split()[-1], chunk.language) == ("es sind funf.", "five.", "de")


def test_a_listeners_decisions_are_carried_out_once(workspace: Workspace) -> None:
    workspace.resolve(toml="max_attempts = 1\n")
    first = workspace.speak(FakeEngine(takes={"first": [clipped]}))
    assert [row.status for row in first.rows] == ["suspect", "ok", "ok"]
    table = b"id,decision,new_text\n0001,accept,\n0002,respeak,\n0003,,And the fourth one.\n"
    add_decisions(workspace.store, "b", table, "table.csv")
    assert manifest_has_changed(workspace.store, "b")
    workspace.resolve(toml="max_attempts = 1\n")
    engine = FakeEngine()
    second = workspace.speak(engine)
    assert [row.status for row in second.rows] == ["ok", "ok", "ok"]
    assert sorted((chunk.text, chunk.attempt) for chunk in engine.spoken) == [
        ("and the fourth one.", 1),
        ("the second line.", 2),
    ]
    assert second.rows[0].key == first.rows[0].key
    workspace.resolve(toml="max_attempts = 1\n")
    third = workspace.speak()  # an error if anything is spoken
    assert [row.key for row in third.rows] == [row.key for row in second.rows]
    assert first.rows[1].clip not in {info.key for info in orphaned_clips(workspace.store)}


def test_another_batch_with_the_same_lines_reuses_their_clips(workspace: Workspace) -> None:
    workspace.resolve()
    first = workspace.speak(FakeEngine())
    workspace.resolve(batch="other")
    second = workspace.speak(batch="other")
    assert (second.clips_spoken, second.cached, second.real_time_factor, second.load_seconds) == (0, 3, None, 0.0)
    assert [row.key for row in second.rows] == [row.key for row in first.rows]
    assert {row.cached for row in second.rows} == {True}


@pytest.mark.parametrize(
    ("old", "new", "spoken"),
    [
        ("second line", "second sentence", ["the second sentence."]),
        ("second line.,m1", "second line.,f2", ["the second line."]),
        ("third one.,f2,c\n", "third one.,f2,c\nOne more.,f2,d\n", ["one more."]),
        ("The second line.,m1,b\n", "", []),
        ("m1,b", "m1,another note", []),
        ("The second line", "The  Second   line", []),  # the spoken text is the same
    ],
    ids=["text", "voice", "added", "removed", "note", "blanks"],
)
def test_only_edited_lines_are_spoken(workspace: Workspace, old: str, new: str, spoken: list[str]) -> None:
    workspace.resolve()
    workspace.speak(FakeEngine())
    workspace.resolve(MANIFEST.replace(old, new))
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert engine.texts == spoken
    assert report.cached == len(report.rows) - len(spoken)


def test_an_edited_dictionary_speaks_only_the_lines_whose_spoken_text_changes(workspace: Workspace) -> None:
    workspace.resolve()
    workspace.speak(FakeEngine())
    for dictionary, content, texts in (
        ("pronunciations.csv", "word,say\nSECOND,no such word\nthird,fird\n", ["and the fird one."]),
        ("manifests/b.pronunciations.csv", "word,say\nsecond,sekond\nline,line\n", ["the sekond line."]),
        ("manifests/b.pronunciations.csv", "word,say\nsecond,sekond\nthird,third\n", []),  # the original text
    ):
        workspace.store.write(dictionary, content.encode())
        workspace.resolve()
        engine = FakeEngine()
        report = workspace.speak(engine)
        assert engine.texts == texts
        assert report.cached == 3 - len(texts)
    assert [row.spoken_text for row in report.rows] == ["the first line.", "the sekond line.", "and the third one."]


def test_a_dictionary_entry_is_fitted_to_a_late_vocabulary_without_normalisation(workspace: Workspace) -> None:
    """The vocabulary is unknown when the manifest is read. ``Dr.`` stays: the text front end does not run again."""
    workspace.store.write("pronunciations.csv", "word,say\nsecond,Dr. é\n".encode())
    workspace.resolve(unchecked=True)
    assert [row.spoken_text for row in workspace.speak(FakeEngine()).rows][1] == "the dr. e line."


TAGGED = 'text,voice,section\n"One. [pause 0.8s] Two. [voice: m1] Three.",f2,\nFour.,m1,\n'


def test_a_line_with_two_voices_and_a_pause_is_one_clip_of_three_chunks(workspace: Workspace) -> None:
    workspace.resolve(TAGGED)
    engine = FakeEngine()
    first, second = workspace.speak(engine).rows
    assert sorted(engine.texts) == ["four.", "one.", "three.", "two."]
    assert len({chunk.ref_audio for chunk in engine.spoken}) == 2
    assert (first.voice, first.spoken_text) == ("f2", "one. [pause 0.8s] two. [voice: m1] three.")
    workspace.resolve(TAGGED.replace("0.8s", "1800ms"))
    longer, _ = workspace.speak().rows
    assert longer.audio_seconds == pytest.approx((first.audio_seconds or 0) + 1.0)
    assert second.cached is False


def test_an_unusable_voice_in_a_tag_rejects_its_line(workspace: Workspace) -> None:
    workspace.store.write("voices/noise.wav", b"not audio")
    workspace.store.write("voices/noise.txt", b"Hello.")
    workspace.resolve(TAGGED.replace("voice: m1", "voice: noise").replace("f2,", "f2,one"))
    rejected, spoken = workspace.speak(FakeEngine()).rows
    assert (rejected.status, rejected.voice, spoken.status) == ("rejected", "f2", "ok")
    assert rejected.reason.startswith("row 1: voice 'noise' cannot be used: ")


def test_passages_are_fitted_to_a_late_vocabulary(workspace: Workspace) -> None:
    workspace.resolve(TAGGED.replace("Three.", "Thrée; déjà."), unchecked=True)
    assert workspace.speak(FakeEngine()).rows[0].spoken_text == "one. [pause 0.8s] two. [voice: m1] three, deja."
    workspace.resolve(TAGGED.replace("Three.", "Жди."), unchecked=True)
    assert workspace.speak(FakeEngine()).rows[0].reason == "row 1: the model cannot say ж д и"


def test_changed_sampling_speaks_all_lines_and_changed_delivery_settings_none(workspace: Workspace) -> None:
    workspace.resolve()
    workspace.speak(FakeEngine())
    workspace.resolve(
        toml='format = "mp3"\nloudness_lufs = -16\njoin_sections = true\nmax_attempts = 5\npause_seconds = 1'
    )
    assert workspace.speak().cached == 3
    workspace.resolve(toml="nfe_step = 16")
    assert workspace.speak(FakeEngine()).clips_spoken == 3


def test_lines_of_a_replaced_voice_are_spoken_again(workspace: Workspace) -> None:
    workspace.resolve()
    workspace.speak(FakeEngine())
    for suffix in ("wav", "txt"):
        name = f"voices/m3.{suffix}"
        workspace.store.write(f"voices/f2.{suffix}", files("f5_pipeline.demo").joinpath(name).read_bytes())
    engine = FakeEngine()
    assert [row.cached for row in workspace.speak(engine).rows] == [False, True, False]
    assert sorted(engine.texts) == ["and the third one.", "the first line."]


def test_a_batch_that_is_not_resolved_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(ObjectMissing, match=r"utterances.*'b'"):
        workspace.speak()


# --- rejected rows --------------------------------------------------------------------------------------------


def rejected(report: BatchReport) -> dict[str, str]:
    return {row.id: row.reason for row in report.rows if row.status == "rejected"}


def test_rejected_rows_keep_their_place_in_the_index(workspace: Workspace) -> None:
    workspace.resolve("id,text,voice\na,,f2\nb,Hello there.,f2\nc,Hello there.,nobody\nd,Good morning.,m1\n")
    report = workspace.speak(FakeEngine())
    assert [(row.id, row.status) for row in report.rows] == [
        ("a", "rejected"),
        ("b", "ok"),
        ("c", "rejected"),
        ("d", "ok"),
    ]
    assert rejected(report)["a"] == "row 1: The text is empty."
    assert rejected(report)["c"].startswith("row 3: The voice 'nobody' is not in the store.")


@pytest.mark.parametrize(
    ("object_key", "content", "parts_of_reason"),
    [
        ("voices/m1.wav", b"RIFF and nothing else", ["voice 'm1' cannot be used: "]),
        ("voices/m1.wav", None, ["no audio file"]),
        ("voices/m1.txt", "Некоторые зовут меня природой.".encode(), ["transcript of voice 'm1'", "н"]),
    ],
    ids=["damaged recording", "deleted recording", "unreadable transcript"],
)
def test_a_voice_that_becomes_unusable_rejects_its_lines(
    workspace: Workspace, object_key: str, content: bytes | None, parts_of_reason: list[str]
) -> None:
    workspace.resolve(MANIFEST + "And the fourth one.,m1,d\n")
    if content is None:
        workspace.store.delete(object_key)
    else:
        workspace.store.write(object_key, content)
    engine = FakeEngine()
    reasons = rejected(workspace.speak(engine))
    assert list(reasons) == ["0002", "0004"]
    assert reasons["0002"].startswith("row 2: ")
    assert reasons["0004"].startswith("row 4: ")
    assert all(part in reasons["0002"].lower() for part in parts_of_reason)
    assert sorted(engine.texts) == ["and the third one.", "the first line."]


@pytest.mark.parametrize("bad", ["recording", "transcript", "text"])
def test_a_batch_that_stops_at_bad_rows_speaks_nothing(workspace: Workspace, bad: str) -> None:
    """Only preparation finds these rows: it decodes recordings, and may be the first to have the vocabulary."""
    manifest = MANIFEST.replace("second", "второй") if bad == "text" else MANIFEST
    if bad == "recording":
        workspace.store.write("voices/m1.wav", b"RIFF and nothing else")
    if bad == "transcript":
        workspace.store.write("voices/m1.txt", "Некоторые зовут меня природой.".encode())
    workspace.resolve(manifest, 'on_bad_rows = "fail"', unchecked=True)
    with pytest.raises(RowsRejected, match=r"'b' has 1 bad row.*row 2: "):
        workspace.speak()
    assert list(workspace.store.list("clips/")) == []


def test_a_recording_that_is_too_long_for_the_model_rejects_its_lines(workspace: Workspace) -> None:
    workspace.catalogue = {"demo": replace(CATALOGUE["demo"], max_seconds=5.1)}
    seconds = {name: soundfile.info(workspace.store.location(f"voices/{name}.wav")).duration for name in ("f2", "m1")}
    assert seconds["m1"] < 3.0 < 3.2 < seconds["f2"]  # the model needs two seconds for a chunk
    workspace.resolve()
    report = workspace.speak(FakeEngine())
    assert [row.status for row in report.rows] == ["rejected", "ok", "rejected"]
    assert "voice 'f2' is 3." in rejected(report)["0001"]
    assert "leaves no room for speech in the 5.1 s of the model 'demo'" in rejected(report)["0001"]


def test_characters_are_checked_as_soon_as_the_vocabulary_is_known(workspace: Workspace) -> None:
    """The model is downloaded after the manifest was read."""
    workspace.resolve("text,voice\nHello there.,f2\nПривет всем.,f2\nDéjà vu.,f2\n", unchecked=True)
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert [row.status for row in report.rows] == ["ok", "rejected", "ok"]
    assert rejected(report)["0002"].startswith("row 2: the model cannot say ")
    assert report.rows[2].spoken_text == "deja vu."
    assert sorted(engine.texts) == ["deja vu.", "hello there."]


def test_signs_are_dropped_as_soon_as_the_vocabulary_is_known(workspace: Workspace) -> None:
    rows = "text,voice,language\nHello 😀.,f2,\nHello [voice: m1] you 🎈.,f2,en-GB\n😀 Привет.,f2,\n"
    workspace.resolve(rows, 'unsayable = "drop"', unchecked=True)
    first, tagged, cyrillic = workspace.speak(FakeEngine()).rows
    assert (first.spoken_text, first.language, first.language_source) == ("hello.", "en", "script Latin")
    assert first.notes == "Dropped '😀' (U+1F600 GRINNING FACE): the model cannot say it."
    assert (tagged.spoken_text, tagged.language_source) == ("hello [voice: m1] you.", "row")
    assert tagged.notes.startswith("Dropped '🎈'")
    assert (cyrillic.status, cyrillic.notes) == ("rejected", "")


def test_a_batch_of_rejected_rows_has_an_index(workspace: Workspace) -> None:
    workspace.resolve("text,voice\nHello there.,nobody\n,f2\n")
    report = workspace.speak()
    assert report.counts["rejected"] == 2
    assert [row.status for row in read_index(workspace.store, "b") or []] == ["rejected", "rejected"]


# --- models ---------------------------------------------------------------------------------------------------


def test_a_licence_that_forbids_the_use_stops_the_batch_before_the_model_is_loaded(workspace: Workspace) -> None:
    workspace.resolve(toml="commercial = true")
    workspace.catalogue = {"demo": replace(CATALOGUE["demo"], licence="CC-BY-NC-4.0", commercial=False)}
    engine = FakeEngine()
    with pytest.raises(LicenceForbids):
        workspace.speak(engine)
    assert engine.loaded == []


def test_a_model_that_is_no_longer_in_the_catalogue(workspace: Workspace) -> None:
    workspace.resolve()
    workspace.catalogue = {"other": replace(CATALOGUE["demo"], name="other")}
    with pytest.raises(UnknownModel, match="'demo'"):
        workspace.speak()


def test_a_batch_may_use_two_models(workspace: Workspace) -> None:
    workspace.catalogue = {**CATALOGUE, "brisk": replace(CATALOGUE["demo"], name="brisk", max_ref_seconds=7.9)}
    workspace.store.write("voices/m1.toml", b'model = "brisk"')
    workspace.resolve()
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert [row.model for row in report.rows] == ["demo", "brisk", "demo"]
    assert engine.loaded == ["demo", "brisk"]


# --- failures -------------------------------------------------------------------------------------------------


def test_a_failing_line_does_not_stop_the_others(workspace: Workspace) -> None:
    workspace.resolve()
    report = workspace.speak(FakeEngine(fails="second"))
    assert report.counts == {"ok": 2, "suspect": 0, "rejected": 0, "failed": 1}
    assert workspace.speak(FakeEngine()).counts["ok"] == 3


def test_a_batch_fails_if_every_line_fails_and_its_index_has_the_reasons(workspace: Workspace) -> None:
    workspace.resolve(MANIFEST + "One more.,nobody,d\n")
    with pytest.raises(NothingSpoken, match=r"all 3 lines.*engine failed"):
        workspace.speak(FakeEngine(fails=""))
    index = read_index(workspace.store, "b") or []
    assert [row.status for row in index] == ["failed", "failed", "failed", "rejected"]
    assert index[0].reason == "RuntimeError: engine failed"
    assert workspace.speak(FakeEngine()).counts["ok"] == 3


def test_suspect_lines_get_more_takes_only_if_more_attempts_are_allowed(workspace: Workspace) -> None:
    workspace.resolve(toml="max_attempts = 2")
    report = workspace.speak(FakeEngine(takes={"second": [clipped] * 9}))
    assert [(row.status, row.attempts) for row in report.rows] == [("ok", 1), ("suspect", 2), ("ok", 1)]
    assert report.clips_spoken == 4
    assert workspace.speak().counts["suspect"] == 1
    workspace.resolve(toml="max_attempts = 3")
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert engine.texts == ["the second line."]
    assert [(row.status, row.attempts) for row in report.rows] == [("ok", 1), ("ok", 3), ("ok", 1)]


def test_a_crashed_run_keeps_its_lease_and_the_old_index(workspace: Workspace) -> None:
    workspace.resolve()
    before = workspace.speak(FakeEngine())
    workspace.resolve("text,voice\n" + "".join(f"This is line {n} of nine.,f2\n" for n in range(9)))
    with pytest.raises(KeyboardInterrupt):
        workspace.speak(FakeEngine(dies_after=4))
    assert read_index(workspace.store, "b") == list(before.rows)
    assert orphaned_clips(workspace.store) == []
    engine = FakeEngine()
    report = workspace.speak(engine)
    assert (report.clips_spoken, report.cached, len(engine.spoken)) == (5, 4, 5)
    assert len(orphaned_clips(workspace.store)) == 3  # of the old manifest


def test_clips_are_leased_while_a_batch_is_spoken(workspace: Workspace) -> None:
    workspace.resolve()
    orphaned: list[int] = []

    def count_orphaned(samples: np.ndarray) -> np.ndarray:
        orphaned.append(len(orphaned_clips(workspace.store)))
        return samples

    workspace.speak(FakeEngine(takes={"line": [count_orphaned], "third": [count_orphaned]}))
    assert orphaned == [0, 0, 0]


@pytest.mark.parametrize("reason", ["more attempts", "deleted clip"])
def test_new_takes_of_indexed_lines_are_leased(workspace: Workspace, reason: str) -> None:
    workspace.resolve(toml="max_attempts = 1")
    row = workspace.speak(FakeEngine(takes={"second": [clipped if reason == "more attempts" else np.copy]})).rows[1]
    if row.status == "ok":
        workspace.store.delete(row.clip)
    workspace.resolve(toml="max_attempts = 3")
    orphaned: list[int] = []

    def count_orphaned(samples: np.ndarray) -> np.ndarray:
        orphaned.append(len(orphaned_clips(workspace.store)))  # the previous take is in the store
        return samples

    takes = [clipped, lambda samples: clipped(count_orphaned(samples)), count_orphaned]
    assert workspace.speak(FakeEngine(takes={"second": takes})).rows[1].attempts == 3
    assert set(orphaned) == {0}
    assert orphaned_clips(workspace.store) == []  # the index names all takes


@pytest.mark.parametrize("toml", ["max_attempts = 4", "max_attempts = 4\n[quality]\nmax_silence_share = 0.61\n"])
def test_garbage_collection_keeps_takes_that_were_not_chosen(workspace: Workspace, toml: str) -> None:
    """No take is spoken twice, not even if the thresholds change and all takes are judged again."""
    workspace.resolve(toml="max_attempts = 3")
    takes = [clipped, quiet, clipped]
    row = workspace.speak(FakeEngine(takes={"second": takes})).rows[1]
    assert (row.status, row.attempts, "quiet" in row.reason) == ("suspect", 3, True)  # the second is chosen
    assert workspace.speak().clips_spoken == 0  # this run writes the index from the old index
    assert clean(workspace.store, []).clips == 0
    workspace.resolve(toml=toml)
    engine = FakeEngine()
    assert [(row.status, row.attempts) for row in workspace.speak(engine).rows] == [("ok", 1), ("ok", 4), ("ok", 1)]
    assert engine.texts == ["the second line."]
    workspace.resolve(MANIFEST.replace("second", "other"))
    workspace.speak(FakeEngine())
    assert clean(workspace.store, []).clips == 4


def test_a_run_does_not_overwrite_the_index_of_a_newer_submission(workspace: Workspace) -> None:
    workspace.resolve()
    newer: list[BatchReport] = []

    def submit_again(samples: np.ndarray) -> np.ndarray:
        if not newer:
            workspace.resolve(MANIFEST.replace("second", "last"))
            newer.append(workspace.speak(FakeEngine()))
        return samples

    with pytest.raises(Superseded, match="submitted again"):
        workspace.speak(FakeEngine(takes={"line": [submit_again]}))
    assert read_index(workspace.store, "b") == list(newer[0].rows)
    assert (provenance := read_provenance(workspace.store, "b")) is not None
    assert provenance.input_versions == load_utterances(workspace.store, "b").input_versions
    assert orphaned_clips(workspace.store) == []  # the lease of the older run protects its clips


def test_a_batch_that_is_resolved_again_without_changes_is_not_superseded(workspace: Workspace) -> None:
    workspace.resolve()

    def resolve_again(samples: np.ndarray) -> np.ndarray:
        before = utterances_version(workspace.store, "b")
        save_utterances(workspace.store, "b", load_utterances(workspace.store, "b"))
        assert utterances_version(workspace.store, "b") != before
        return samples

    report = workspace.speak(FakeEngine(takes={"third": [resolve_again]}))
    assert read_index(workspace.store, "b") == list(report.rows)


def test_a_damaged_index_is_rebuilt_without_speaking(workspace: Workspace) -> None:
    workspace.resolve()
    first = workspace.speak(FakeEngine())
    workspace.store.write("batches/b/index.parquet", b"PAR1 not really")
    assert [row.key for row in workspace.speak().rows] == [row.key for row in first.rows]
    assert len(read_index(workspace.store, "b") or []) == 3


# --- thresholds -----------------------------------------------------------------------------------------------

LENIENT = "\n[quality]\nmax_clipped_share = 1.0\n"
STRICT = "\n[quality]\nmin_level_db = 0\n"


def statuses(report: BatchReport) -> list[str]:
    return [row.status for row in report.rows]


def test_more_lenient_thresholds_judge_stored_takes_again_and_speak_nothing(workspace: Workspace) -> None:
    workspace.resolve(toml="max_attempts = 2")
    report = workspace.speak(FakeEngine(takes={"second": [clipped] * 9}))
    assert statuses(report) == ["ok", "suspect", "ok"]
    workspace.resolve(toml="max_attempts = 2" + LENIENT)
    again = workspace.speak()
    assert (statuses(again), again.clips_spoken, again.cached) == (["ok"] * 3, 0, 3)
    assert [row.reason for row in again.rows] == [""] * 3
    workspace.resolve(toml="max_attempts = 2")
    assert workspace.speak().rows == tuple(replace(row, cached=True) for row in report.rows)


def test_changed_thresholds_choose_among_the_stored_takes(workspace: Workspace) -> None:
    workspace.resolve(toml="max_attempts = 2")
    workspace.speak(FakeEngine(takes={"second": [clipped, quiet]}))
    (row,) = [row for row in read_index(workspace.store, "b") or [] if row.status == "suspect"]
    assert "quiet" in row.reason  # the second take
    workspace.resolve(toml="max_attempts = 2" + LENIENT)
    chosen = workspace.speak().rows[1]
    assert (chosen.status, chosen.attempts) == ("ok", 2)
    assert chosen.key != row.key  # the first take


def test_stricter_thresholds_add_takes_only_if_more_attempts_are_allowed(workspace: Workspace) -> None:
    workspace.resolve(toml="max_attempts = 1")
    first = workspace.speak(FakeEngine())
    workspace.resolve(toml="max_attempts = 1" + STRICT)
    report = workspace.speak()
    assert (statuses(report), report.clips_spoken) == (["suspect"] * 3, 0)
    assert [row.key for row in report.rows] == [row.key for row in first.rows]
    assert all("very quiet" in row.reason for row in report.rows)
    workspace.resolve(toml="max_attempts = 3" + STRICT)
    assert workspace.speak(FakeEngine()).clips_spoken == 6
    workspace.resolve(toml="max_attempts = 3")
    assert [row.key for row in workspace.speak().rows] == [row.key for row in first.rows]


def test_unchanged_thresholds_read_no_clip(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.resolve(toml="max_attempts = 1" + STRICT)
    workspace.speak(FakeEngine())
    read, reads = LocalStore.read, list[str]()
    monkeypatch.setattr(LocalStore, "read", lambda self, key, first=None: reads.append(key) or read(self, key, first))
    assert statuses(workspace.speak()) == ["suspect"] * 3
    assert [key for key in reads if key.startswith("clips/")] == []


def test_an_index_without_a_thresholds_fingerprint_is_judged_again(workspace: Workspace) -> None:
    workspace.resolve()
    first = workspace.speak(FakeEngine())
    write_index(workspace.store, "b", [replace(row, status="suspect", reason="unknown") for row in first.rows])
    assert statuses(workspace.speak()) == ["ok"] * 3
