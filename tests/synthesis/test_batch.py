"""Speaking a batch: from the resolved manifest to clips and an index. Real store, voices and model files; no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.errors import LicenceForbids, NothingSpoken, ObjectMissing, RowsRejected, Superseded, UnknownModel
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances, utterances_version
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.results.garbage_collection import clean, orphaned_clips
from f5_pipeline.results.index import read_index, write_index
from f5_pipeline.results.provenance import read_provenance
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine, clipped

CATALOGUE = load_catalogue(Settings())
MANIFEST = "text,voice,note\nThe first line.,f2,a\nThe second line.,m1,b\nAnd the third one.,f2,c\n"


class Work:
    """A store with two of the demo's voices, and what happens to a batch in it."""

    def __init__(self, store: LocalStore, cache: Path) -> None:
        self.store, self.cache = store, cache
        self.catalogue: Mapping[str, ModelSpec] = CATALOGUE
        put_voices(store, "f2", "m1")

    def resolve(self, manifest: str = MANIFEST, toml: str = "", batch: str = "b", *, unchecked: bool = False) -> None:
        self.store.write(f"manifests/{batch}.csv", manifest.encode())
        self.store.write(f"manifests/{batch}.toml", toml.encode())
        settings = Settings(cache=self.cache, model="demo")
        vocabulary = (lambda spec: None) if unchecked else None
        save_utterances(self.store, batch, read_utterances(self.store, batch, settings, self.catalogue, vocabulary))

    def speak(self, engine: FakeEngine | None = None, batch: str = "b") -> BatchReport:
        """Without an engine: there must be nothing to speak."""
        engine = engine or FakeEngine(dies_after=0)
        return speak_batch(batch, SynthesisContext(self.store, self.cache, self.catalogue, engine.load))


@pytest.fixture
def work(tmp_path: Path, cache: Path) -> Work:
    return Work(LocalStore(tmp_path / "store"), cache)


# --- the whole way --------------------------------------------------------------------------------------------


def test_a_batch_is_spoken_and_indexed(work: Work) -> None:
    work.resolve()
    engine = FakeEngine()
    report = work.speak(engine)
    assert report.counts == {"ok": 3, "suspect": 0, "rejected": 0, "failed": 0}
    assert (report.clips_spoken, report.cached) == (3, 0)
    assert report.audio_seconds == pytest.approx(report.audio_seconds_spoken)
    assert report.real_time_factor is not None
    assert report.real_time_factor > 0
    assert report.seconds >= report.speak_seconds + report.load_seconds
    assert read_index(work.store, "b") == list(report.rows)
    assert [(row.id, row.voice, row.columns) for row in report.rows] == [
        ("0001", "f2", {"note": "a"}),
        ("0002", "m1", {"note": "b"}),
        ("0003", "f2", {"note": "c"}),
    ]
    assert sorted(engine.texts) == ["and the third one.", "the first line.", "the second line."]


def test_the_model_is_given_the_voice_as_it_was_prepared(work: Work) -> None:
    work.resolve()
    engine = FakeEngine()
    work.speak(engine)
    chunk = next(chunk for chunk in engine.spoken if "first" in chunk.text)
    sound, rate = soundfile.read(chunk.ref_audio)
    assert (rate, sound.ndim) == (24_000, 1)
    assert 0 < chunk.ref_seconds <= len(sound) / rate
    assert chunk.ref_text == work.store.read("voices/f2.txt").decode().strip()


def test_another_batch_of_the_same_lines_speaks_nothing(work: Work) -> None:
    work.resolve()
    first = work.speak(FakeEngine())
    work.resolve(batch="other")
    second = work.speak(batch="other")
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
        ("The second line", "The  Second   line", []),  # is said alike
    ],
    ids=["text", "voice", "added", "removed", "note", "capitals and blanks"],
)
def test_an_edit_speaks_what_it_changed(work: Work, old: str, new: str, spoken: list[str]) -> None:
    work.resolve()
    work.speak(FakeEngine())
    work.resolve(MANIFEST.replace(old, new))
    engine = FakeEngine()
    report = work.speak(engine)
    assert engine.texts == spoken
    assert report.cached == len(report.rows) - len(spoken)


def test_an_edited_dictionary_speaks_exactly_the_lines_that_are_said_otherwise(work: Work) -> None:
    work.resolve()
    work.speak(FakeEngine())
    for dictionary, spoken, lines in (
        ("pronunciations.csv", "word,say\nSECOND,no such word\nthird,fird\n", ["and the fird one."]),
        ("manifests/b.pronunciations.csv", "word,say\nsecond,sekond\nline,line\n", ["the sekond line."]),
        ("manifests/b.pronunciations.csv", "word,say\nsecond,sekond\nthird,third\n", []),  # as it was at first
    ):
        work.store.write(dictionary, spoken.encode())
        work.resolve()
        engine = FakeEngine()
        report = work.speak(engine)
        assert engine.texts == lines
        assert report.cached == 3 - len(lines)
    assert [row.spoken_text for row in report.rows] == ["the first line.", "the sekond line.", "and the third one."]


def test_a_saying_is_not_normalised_when_its_characters_are_checked_at_last(work: Work) -> None:
    """The vocabulary was not there when the manifest was read, so the text is fitted now, and only that."""
    work.store.write("pronunciations.csv", "word,say\nsecond,Dr. é\n".encode())
    work.resolve(unchecked=True)
    assert [row.spoken_text for row in work.speak(FakeEngine()).rows][1] == "the dr. e line."


TAGGED = 'text,voice,section\n"One. [pause 0.8s] Two. [voice: m1] Three.",f2,\nFour.,m1,\n'


def test_a_line_of_two_voices_and_a_pause_is_one_clip_of_three(work: Work) -> None:
    work.resolve(TAGGED)
    engine = FakeEngine()
    first, second = work.speak(engine).rows
    assert sorted(engine.texts) == ["four.", "one.", "three.", "two."]
    assert len({chunk.ref_audio for chunk in engine.spoken}) == 2
    assert (first.voice, first.spoken_text) == ("f2", "one. [pause 0.8s] two. [voice: m1] three.")
    work.resolve(TAGGED.replace("0.8s", "1800ms"))
    longer, _ = work.speak().rows  # there is nothing to speak
    assert longer.audio_seconds == pytest.approx((first.audio_seconds or 0) + 1.0)
    assert second.cached is False


def test_a_voice_of_a_tag_that_turns_out_unusable_rejects_its_line_alone(work: Work) -> None:
    work.store.write("voices/noise.wav", b"no recording")
    work.store.write("voices/noise.txt", b"Hello.")
    work.resolve(TAGGED.replace("voice: m1", "voice: noise").replace("f2,", "f2,one"))
    rejected, spoken = work.speak(FakeEngine()).rows
    assert (rejected.status, rejected.voice, spoken.status) == ("rejected", "f2", "ok")
    assert rejected.reason.startswith("row 1: voice 'noise' cannot be used: ")


def test_passages_are_fitted_to_a_vocabulary_that_comes_late(work: Work) -> None:
    work.resolve(TAGGED.replace("Three.", "Thrée; déjà."), unchecked=True)
    assert work.speak(FakeEngine()).rows[0].spoken_text == "one. [pause 0.8s] two. [voice: m1] three, deja."
    work.resolve(TAGGED.replace("Three.", "Жди."), unchecked=True)
    assert work.speak(FakeEngine()).rows[0].reason == "row 1: the model cannot say ж д и"


def test_formats_and_loudness_speak_nothing_and_sampling_does(work: Work) -> None:
    work.resolve()
    work.speak(FakeEngine())
    work.resolve(toml='format = "mp3"\nloudness_lufs = -16\njoin_sections = true\nmax_attempts = 5\npause_seconds = 1')
    assert work.speak().cached == 3
    work.resolve(toml="nfe_step = 16")
    assert work.speak(FakeEngine()).clips_spoken == 3


def test_a_replaced_voice_speaks_its_lines_again(work: Work) -> None:
    work.resolve()
    work.speak(FakeEngine())
    for suffix in ("wav", "txt"):
        name = f"voices/m3.{suffix}"
        work.store.write(f"voices/f2.{suffix}", files("f5_pipeline.demo").joinpath(name).read_bytes())
    engine = FakeEngine()
    assert [row.cached for row in work.speak(engine).rows] == [False, True, False]
    assert sorted(engine.texts) == ["and the third one.", "the first line."]


def test_nothing_resolved_is_said(work: Work) -> None:
    with pytest.raises(ObjectMissing, match=r"utterances.*'b'"):
        work.speak()


# --- rejected rows --------------------------------------------------------------------------------------------


def rejected(report: BatchReport) -> dict[str, str]:
    return {row.id: row.reason for row in report.rows if row.status == "rejected"}


def test_rows_that_were_rejected_keep_their_place(work: Work) -> None:
    work.resolve("id,text,voice\na,,f2\nb,Hello there.,f2\nc,Hello there.,nobody\nd,Good morning.,m1\n")
    report = work.speak(FakeEngine())
    assert [(row.id, row.status) for row in report.rows] == [
        ("a", "rejected"),
        ("b", "ok"),
        ("c", "rejected"),
        ("d", "ok"),
    ]
    assert rejected(report)["a"] == "row 1: The text is empty."
    assert rejected(report)["c"].startswith("row 3: The voice 'nobody' is not in the store.")


def test_a_voice_that_turns_out_to_be_unusable_rejects_its_lines(work: Work) -> None:
    work.store.write("voices/broken.wav", b"RIFF and nothing else")
    work.store.write("voices/broken.txt", b"What it should say.")
    work.resolve("text,voice\nOne line.,f2\nAnother line.,broken\nA third line.,m1\nA fourth line.,broken\n")
    engine = FakeEngine()
    report = work.speak(engine)
    assert [row.status for row in report.rows] == ["ok", "rejected", "ok", "rejected"]
    assert rejected(report)["0002"].startswith("row 2: voice 'broken' cannot be used: ")
    assert rejected(report)["0004"].startswith("row 4: ")
    assert len(engine.spoken) == 2


def test_a_voice_that_is_gone_by_now_rejects_its_lines(work: Work) -> None:
    work.resolve()
    work.store.delete("voices/m1.wav")
    report = work.speak(FakeEngine())
    assert list(rejected(report)) == ["0002"]
    assert "no audio file" in rejected(report)["0002"]


@pytest.mark.parametrize("what", ["recording", "transcript", "text"])
def test_a_batch_that_stops_at_bad_rows_speaks_nothing_when_one_turns_up_late(work: Work, what: str) -> None:
    """What only casting finds: it opens recordings, and may be the first to have the vocabulary."""
    manifest = MANIFEST.replace("second", "второй") if what == "text" else MANIFEST
    if what == "recording":
        work.store.write("voices/m1.wav", b"RIFF and nothing else")
    if what == "transcript":
        work.store.write("voices/m1.txt", "Некоторые зовут меня природой.".encode())
    work.resolve(manifest, 'on_bad_rows = "fail"', unchecked=True)
    with pytest.raises(RowsRejected, match=r"'b' has 1 bad row.*row 2: "):
        work.speak()
    assert list(work.store.list("clips/")) == []


def test_a_transcript_that_the_model_cannot_read_rejects_the_voice(work: Work) -> None:
    work.store.write("voices/f2.txt", "Некоторые зовут меня природой, другие матерью природой.".encode())
    work.resolve()
    report = work.speak(FakeEngine())
    assert [row.status for row in report.rows] == ["rejected", "ok", "rejected"]
    assert "transcript of voice 'f2'" in rejected(report)["0001"]
    assert "Н" in rejected(report)["0001"] or "н" in rejected(report)["0001"]


def test_a_reference_that_leaves_no_room_rejects_the_voice(work: Work) -> None:
    work.catalogue = {"demo": replace(CATALOGUE["demo"], max_seconds=5.1)}
    seconds = {name: soundfile.info(work.store.location(f"voices/{name}.wav")).duration for name in ("f2", "m1")}
    assert seconds["m1"] < 3.0 < 3.2 < seconds["f2"]  # two seconds of speech are the least
    work.resolve()
    report = work.speak(FakeEngine())
    assert [row.status for row in report.rows] == ["rejected", "ok", "rejected"]
    assert "voice 'f2' is 3." in rejected(report)["0001"]
    assert "leaves no room for speech in the 5.1 s of the model 'demo'" in rejected(report)["0001"]


def test_characters_are_checked_when_the_vocabulary_is_here(work: Work) -> None:
    """When the manifest was read, the model had not been downloaded yet."""
    work.resolve("text,voice\nHello there.,f2\nПривет всем.,f2\nDéjà vu.,f2\n", unchecked=True)
    engine = FakeEngine()
    report = work.speak(engine)
    assert [row.status for row in report.rows] == ["ok", "rejected", "ok"]
    assert rejected(report)["0002"].startswith("row 2: the model cannot say ")
    assert report.rows[2].spoken_text == "deja vu."
    assert sorted(engine.texts) == ["deja vu.", "hello there."]


def test_all_rows_rejected_is_an_index_that_says_so(work: Work) -> None:
    work.resolve("text,voice\nHello there.,nobody\n,f2\n")
    report = work.speak()
    assert report.counts["rejected"] == 2
    assert [row.status for row in read_index(work.store, "b") or []] == ["rejected", "rejected"]


# --- models ---------------------------------------------------------------------------------------------------


def test_a_licence_that_forbids_is_minded_before_anything_is_spoken(work: Work) -> None:
    work.resolve(toml="commercial = true")
    work.catalogue = {"demo": replace(CATALOGUE["demo"], licence="CC-BY-NC-4.0", commercial=False)}
    engine = FakeEngine()
    with pytest.raises(LicenceForbids):
        work.speak(engine)
    assert engine.loaded == []


def test_a_model_that_left_the_catalogue(work: Work) -> None:
    work.resolve()
    work.catalogue = {"other": replace(CATALOGUE["demo"], name="other")}
    with pytest.raises(UnknownModel, match="'demo'"):
        work.speak()


def test_two_models_in_one_batch(work: Work) -> None:
    work.catalogue = {**CATALOGUE, "brisk": replace(CATALOGUE["demo"], name="brisk", max_ref_seconds=7.9)}
    work.store.write("voices/m1.toml", b'model = "brisk"')
    work.resolve()
    engine = FakeEngine()
    report = work.speak(engine)
    assert [row.model for row in report.rows] == ["demo", "brisk", "demo"]
    assert engine.loaded == ["demo", "brisk"]


# --- failures -------------------------------------------------------------------------------------------------


def test_one_line_that_fails_does_not_stop_the_others(work: Work) -> None:
    work.resolve()
    report = work.speak(FakeEngine(fails="second"))
    assert report.counts == {"ok": 2, "suspect": 0, "rejected": 0, "failed": 1}
    assert work.speak(FakeEngine()).counts["ok"] == 3


def test_when_every_line_fails_the_batch_does_and_the_index_says_why(work: Work) -> None:
    work.resolve(MANIFEST + "Not for nobody.,nobody,d\n")
    with pytest.raises(NothingSpoken, match=r"all 3 lines.*no tongue"):
        work.speak(FakeEngine(fails=""))
    index = read_index(work.store, "b") or []
    assert [row.status for row in index] == ["failed", "failed", "failed", "rejected"]
    assert index[0].reason == "RuntimeError: no tongue"
    assert work.speak(FakeEngine()).counts["ok"] == 3


def test_suspect_lines_are_in_the_index_and_drawn_again_only_if_more_is_allowed(work: Work) -> None:
    work.resolve(toml="max_attempts = 2")
    report = work.speak(FakeEngine(takes={"second": [clipped] * 9}))
    assert [(row.status, row.attempts) for row in report.rows] == [("ok", 1), ("suspect", 2), ("ok", 1)]
    assert report.clips_spoken == 4
    assert work.speak().counts["suspect"] == 1
    work.resolve(toml="max_attempts = 3")
    engine = FakeEngine()
    report = work.speak(engine)
    assert engine.texts == ["the second line."]
    assert [(row.status, row.attempts) for row in report.rows] == [("ok", 1), ("ok", 3), ("ok", 1)]


def test_a_crash_leaves_the_clips_claimed_and_the_old_index(work: Work) -> None:
    work.resolve()
    before = work.speak(FakeEngine())
    work.resolve("text,voice\n" + "".join(f"This is line {n} of nine.,f2\n" for n in range(9)))
    with pytest.raises(KeyboardInterrupt):
        work.speak(FakeEngine(dies_after=4))
    assert read_index(work.store, "b") == list(before.rows)
    assert orphaned_clips(work.store) == []
    engine = FakeEngine()
    report = work.speak(engine)
    assert (report.clips_spoken, report.cached, len(engine.spoken)) == (5, 4, 5)
    assert len(orphaned_clips(work.store)) == 3  # those of the old manifest


def test_clips_are_claimed_while_they_are_spoken(work: Work) -> None:
    work.resolve()
    looked: list[int] = []

    def look(sound: np.ndarray) -> np.ndarray:
        looked.append(len(orphaned_clips(work.store)))
        return sound

    work.speak(FakeEngine(takes={"line": [look], "third": [look]}))
    assert looked == [0, 0, 0]


@pytest.mark.parametrize("why", ["more takes are allowed", "its clip is gone"])
def test_new_takes_of_lines_that_the_index_knows_are_claimed_too(work: Work, why: str) -> None:
    work.resolve(toml="max_attempts = 1")
    row = work.speak(FakeEngine(takes={"second": [clipped if why.startswith("more") else np.copy]})).rows[1]
    if row.status == "ok":
        work.store.delete(row.clip)
    work.resolve(toml="max_attempts = 3")
    looked: list[int] = []

    def look(sound: np.ndarray) -> np.ndarray:
        looked.append(len(orphaned_clips(work.store)))  # the take before is in the store
        return sound

    engine = FakeEngine(takes={"second": [clipped, lambda sound: clipped(look(sound)), look]})
    assert work.speak(engine).rows[1].attempts == 3
    assert set(looked) == {0}
    assert orphaned_clips(work.store) == []  # by now the index names all takes


@pytest.mark.parametrize("toml", ["max_attempts = 4", "max_attempts = 4\n[quality]\nmax_silence_share = 0.61\n"])
def test_cleaning_leaves_takes_that_were_not_kept_so_that_none_is_drawn_twice(work: Work, toml: str) -> None:
    """Also where the rules are others, so that all takes are judged anew."""
    work.resolve(toml="max_attempts = 3")
    takes = [clipped, lambda sound: 0.1 * sound, clipped]
    row = work.speak(FakeEngine(takes={"second": takes})).rows[1]
    assert (row.status, row.attempts, "quiet" in row.reason) == ("suspect", 3, True)  # the second is kept
    assert work.speak().clips_spoken == 0  # and what this run knows is what the index says
    assert clean(work.store, []).clips == 0
    work.resolve(toml=toml)
    engine = FakeEngine()
    assert [(row.status, row.attempts) for row in work.speak(engine).rows] == [("ok", 1), ("ok", 4), ("ok", 1)]
    assert engine.texts == ["the second line."]
    work.resolve(MANIFEST.replace("second", "other"))
    work.speak(FakeEngine())
    assert clean(work.store, []).clips == 4


def test_a_run_whose_batch_was_submitted_again_leaves_the_newer_index(work: Work) -> None:
    work.resolve()
    newer: list[BatchReport] = []

    def submit_again(sound: np.ndarray) -> np.ndarray:
        if not newer:
            work.resolve(MANIFEST.replace("second", "last"))
            newer.append(work.speak(FakeEngine()))
        return sound

    with pytest.raises(Superseded, match="submitted again"):
        work.speak(FakeEngine(takes={"line": [submit_again]}))
    assert read_index(work.store, "b") == list(newer[0].rows)
    assert (known := read_provenance(work.store, "b")) is not None
    assert known.input_versions == load_utterances(work.store, "b").input_versions
    assert orphaned_clips(work.store) == []  # what was spoken is kept


def test_a_batch_that_was_resolved_anew_without_a_change_is_no_other_one(work: Work) -> None:
    work.resolve()

    def resolve_again(sound: np.ndarray) -> np.ndarray:
        before = utterances_version(work.store, "b")
        save_utterances(work.store, "b", load_utterances(work.store, "b"))
        assert utterances_version(work.store, "b") != before
        return sound

    report = work.speak(FakeEngine(takes={"third": [resolve_again]}))
    assert read_index(work.store, "b") == list(report.rows)


def test_a_damaged_index_costs_nothing(work: Work) -> None:
    work.resolve()
    first = work.speak(FakeEngine())
    work.store.write("batches/b/index.parquet", b"PAR1 not really")
    assert [row.key for row in work.speak().rows] == [row.key for row in first.rows]
    assert len(read_index(work.store, "b") or []) == 3


# --- thresholds -----------------------------------------------------------------------------------------------

LOOSE = "\n[quality]\nmax_clipped_share = 1.0\n"
STRICT = "\n[quality]\nmin_level_db = 0\n"


def statuses(report: BatchReport) -> list[str]:
    return [row.status for row in report.rows]


def test_looser_thresholds_judge_anew_and_speak_nothing(work: Work) -> None:
    work.resolve(toml="max_attempts = 2")
    report = work.speak(FakeEngine(takes={"second": [clipped] * 9}))
    assert statuses(report) == ["ok", "suspect", "ok"]
    work.resolve(toml="max_attempts = 2" + LOOSE)
    again = work.speak()
    assert (statuses(again), again.clips_spoken, again.cached) == (["ok"] * 3, 0, 3)
    assert [row.reason for row in again.rows] == [""] * 3
    work.resolve(toml="max_attempts = 2")
    assert work.speak().rows == tuple(replace(row, cached=True) for row in report.rows)


def test_of_the_takes_that_are_there_the_one_that_is_right_by_now_is_kept(work: Work) -> None:
    work.resolve(toml="max_attempts = 2")
    work.speak(FakeEngine(takes={"second": [clipped, lambda sound: 0.1 * sound]}))
    (row,) = [row for row in read_index(work.store, "b") or [] if row.status == "suspect"]
    assert "quiet" in row.reason  # the second take
    work.resolve(toml="max_attempts = 2" + LOOSE)
    kept = work.speak().rows[1]
    assert (kept.status, kept.attempts) == ("ok", 2)
    assert kept.key != row.key  # the first


def test_stricter_thresholds_draw_again_what_is_wrong_now_if_more_takes_are_allowed(work: Work) -> None:
    work.resolve(toml="max_attempts = 1")
    first = work.speak(FakeEngine())
    work.resolve(toml="max_attempts = 1" + STRICT)
    report = work.speak()
    assert (statuses(report), report.clips_spoken) == (["suspect"] * 3, 0)
    assert [row.key for row in report.rows] == [row.key for row in first.rows]
    assert all("very quiet" in row.reason for row in report.rows)
    work.resolve(toml="max_attempts = 3" + STRICT)
    assert work.speak(FakeEngine()).clips_spoken == 6
    work.resolve(toml="max_attempts = 3")
    assert [row.key for row in work.speak().rows] == [row.key for row in first.rows]


def test_a_second_run_by_the_same_thresholds_reads_no_clip(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    work.resolve(toml="max_attempts = 1" + STRICT)
    work.speak(FakeEngine())
    read, reads = LocalStore.read, list[str]()
    monkeypatch.setattr(LocalStore, "read", lambda self, key, first=None: reads.append(key) or read(self, key, first))
    assert statuses(work.speak()) == ["suspect"] * 3
    assert [key for key in reads if key.startswith("clips/")] == []


def test_an_index_of_before_there_were_thresholds_is_judged_anew(work: Work) -> None:
    work.resolve()
    first = work.speak(FakeEngine())
    write_index(work.store, "b", [replace(row, status="suspect", reason="who knows") for row in first.rows])
    assert statuses(work.speak()) == ["ok"] * 3
