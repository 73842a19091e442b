"""The faster-whisper adapter, on the real library with an untrained model, and the selection of a recogniser.

No trained model can be downloaded where these tests run, so that the accuracy of a real one is not tested.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.transcribe import Word

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed, RecogniserMissing
from f5_pipeline.languages.reading import in_words
from f5_pipeline.quality.asr import selection
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.quality.asr.selection import choose_recogniser, no_recogniser
from f5_pipeline.quality.asr.whisper import Whisper, is_english_only, normalised_words
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.settings.environment import Settings
from tests.quality.asr import tiny_whisper
from tests.quality.asr.recordings import request

REQUEST = request("nature")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper.build(tmp_path_factory.mktemp("whisper"))


def settings(**given: object) -> Settings:
    return Settings(**{"recogniser": "auto", "whisper": "small", "device": "cpu", **given})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_models_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


# --- transcripts ----------------------------------------------------------------------------------------------


def test_the_library_returns_words_with_times(model: Path) -> None:
    words = Whisper(str(model), "cpu").transcribe(REQUEST)
    assert words
    assert all(isinstance(word, TimedWord) and type(word.start) is float for word in words)
    assert all(0 <= word.start <= word.end <= REQUEST.samples.size / SAMPLE_RATE + 1 for word in words)
    assert Whisper(str(model), "cpu").transcribe(REQUEST) == words


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(10), np.zeros(SAMPLE_RATE)])
def test_silence_is_not_an_error(model: Path, samples: np.ndarray) -> None:
    silence = TranscriptionRequest(samples.astype(np.float32), REQUEST.text, "", "en")
    assert isinstance(Whisper(str(model), "cpu").transcribe(silence), list)


@pytest.mark.slow
def test_it_transcribes_in_a_process_of_its_own(model: Path) -> None:
    spec = choose_recogniser(settings(whisper=str(model)), "faster_whisper")
    assert spec is not None
    process = RecogniserProcess(spec)
    assert list(process.transcribe(REQUEST)) == Whisper(str(model), "cpu").transcribe(REQUEST)
    process.close()


def test_a_damaged_model_is_named_in_the_error(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RecogniserFailed, match=str(tmp_path)):
        Whisper(str(tmp_path), "cpu")


def timed(*words: str, space: str = " ") -> list[Word]:
    """Words as the library returns them, with a leading space if the language has spaces."""
    return [
        Word(start=float(at), end=at + 0.5, word=f"{space}{word}", probability=0.9) for at, word in enumerate(words)
    ]


def test_punctuation_is_removed_and_numbers_become_words() -> None:
    words = list(normalised_words(timed("Hello,", "Dr.", "Smith!", "It's", "42", "—"), "en"))
    assert [word.text for word in words] == ["hello", "doctor", "smith", "it's", "forty", "two"]
    assert words[:2] == [TimedWord("hello", 0.0, 0.5), TimedWord("doctor", 1.0, 1.5)]
    assert words[-2:] == [TimedWord("forty", 4.0, 4.25), TimedWord("two", 4.25, 4.5, timed=False)]  # interpolated
    assert list(normalised_words([], "en")) == []


def test_words_of_other_languages_are_kept() -> None:
    words = normalised_words(timed("Schöne", "Grüße", "你好"), "de")
    assert [word.text for word in words] == ["schöne", "grüsse", "你", "好"]


def test_numbers_of_other_languages_become_words() -> None:
    """In the words of the spoken text; otherwise every clip with a number would be suspect."""
    for language, text, written in [
        ("de", "Es kostet 42 Euro.", ("Es", "kostet", "42", "Euro.")),
        ("fr", "Il y a 25 personnes.", ("Il", "y", "a", "25", "personnes.")),
        ("zh", "今天是2024年3月5日。", ("今天是", "2024", "年", "3", "月", "5", "日。")),
    ]:
        expected = words_of(in_words(text, language))
        words = normalised_words(timed(*written, space="" if language == "zh" else " "), language)
        assert [word.text for word in words] == expected


@pytest.mark.parametrize("expected", ["他说 i have forty two lines，一共三次", "他说 i have 四十二 lines，一共三次"])
def test_numbers_of_an_english_clause_are_read_as_in_the_spoken_text(expected: str) -> None:
    written = timed("他说", " I", " have", " 42", " lines", "，", "一共", "3", "次", space="")
    assert [word.text for word in normalised_words(written, "zh", expected)] == words_of(expected)


# --- selection ------------------------------------------------------------------------------------------------


def test_auto_selects_whisper_if_its_model_is_on_this_machine(model: Path) -> None:
    assert choose_recogniser(settings(), None) is None
    spec = choose_recogniser(settings(whisper=str(model)), None)
    assert spec is not None
    assert spec.name.startswith("faster_whisper-")
    assert spec.arguments == ("faster_whisper", str(model), "cpu")
    assert (spec.supports("en-GB"), spec.supports("de")) == (True, False)  # English-only, by the size of its vocabulary


def test_the_batch_setting_beats_the_environment(model: Path) -> None:
    assert choose_recogniser(settings(whisper=str(model)), "none") is None
    assert choose_recogniser(settings(recogniser="none", whisper=str(model)), None) is None
    spec = choose_recogniser(settings(recogniser="none"), "pocketsphinx")
    assert spec is not None
    assert spec.arguments == ("pocketsphinx",)
    assert (spec.supports("en-US"), spec.supports("de")) == (True, False)
    assert spec.processes >= 1
    assert no_recogniser("pocketsphinx") is None


def test_a_model_in_the_hub_cache_is_found_by_its_size(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("c0ffee")
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "c0ffee").symlink_to(model)
    spec = choose_recogniser(settings(), None)
    assert spec is not None
    assert Path(spec.arguments[1]).resolve() == model


@pytest.mark.parametrize(
    ("whisper", "message"),
    [
        ("small", "hf download Systran/faster-whisper-small"),
        ("somebody/a-whisper", "hf download somebody/a-whisper"),
        ("/no/such/folder", "F5_WHISPER"),
        ("not a name of anything", "hf download"),
    ],
)
def test_a_missing_model_is_not_downloaded_and_the_error_has_the_command(whisper: str, message: str) -> None:
    with pytest.raises(RecogniserMissing, match="not on this machine") as error:
        choose_recogniser(settings(whisper=whisper), "faster_whisper")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_without_all_files_is_an_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((model / "config.json").read_bytes())
    with pytest.raises(RecogniserMissing, match=r"lacks model\.bin, tokenizer\.json"):
        choose_recogniser(settings(whisper=str(tmp_path)), "faster_whisper")


@pytest.mark.parametrize("name", ["pocketsphinx", "faster_whisper"])
@pytest.mark.parametrize("lacking", ["the recogniser", "rapidfuzz"])
def test_a_missing_package_is_an_error_only_if_requested(
    name: str, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = name if lacking == "the recogniser" else lacking
    find = selection.find_spec
    monkeypatch.setattr(selection, "find_spec", lambda module: None if module == package else find(module))
    with pytest.raises(RecogniserMissing, match=r"pip install 'f5-pipeline\[asr\]'"):
        choose_recogniser(settings(), name)
    assert choose_recogniser(settings(), "auto") is None


def test_the_name_of_a_recogniser_changes_with_its_model(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in model.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    names = [choose_recogniser(settings(whisper=str(folder)), None) for folder in (model, other)]
    assert names[0] is not None
    assert names[1] is not None
    assert names[0].name == names[1].name  # the same files
    (other / "config.json").write_bytes((other / "config.json").read_bytes() + b"\n")
    changed = choose_recogniser(settings(whisper=str(other)), None)
    assert changed is not None
    assert changed.name != names[0].name


def test_english_only_models_are_detected_by_their_vocabulary(tmp_path: Path) -> None:
    """Not by ``tokenizer.json``, which may have no time stamps."""
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 50363}]}')
    assert is_english_only(tmp_path) is False
    for size, english in ((51_864, True), (51_865, False), (51_866, False)):
        (tmp_path / "vocabulary.txt").write_text("token\n" * size)
        assert is_english_only(tmp_path) is english
    (tmp_path / "vocabulary.json").write_text(json.dumps(["token"] * 51_864))
    assert is_english_only(tmp_path) is True
    (tmp_path / "vocabulary.json").write_text("{}")
    assert is_english_only(tmp_path) is False
