"""The adapter of faster-whisper: on the real library, with a model of our making that hears nonsense, and on its words.

No trained model can be fetched where these tests run, so that what a real one hears is not tested here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from faster_whisper.transcribe import Word

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed, RecogniserMissing
from f5_pipeline.quality.asr import choice
from f5_pipeline.quality.asr.choice import choose_recogniser, no_recogniser
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Question
from f5_pipeline.quality.asr.whisper import Whisper, heard_words, is_english_only
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.languages import other_language
from tests.quality.asr import tiny_whisper
from tests.quality.asr.recordings import recording

SAMPLES, TEXT = recording("nature")
QUESTION = Question(SAMPLES, TEXT, "", "en")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper.build(tmp_path_factory.mktemp("whisper"))


def settings(**given: object) -> Settings:
    return Settings(**{"recogniser": "auto", "whisper": "small", "device": "cpu", **given})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_models_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


# --- what it hears --------------------------------------------------------------------------------------------


def test_the_real_library_gives_words_with_times(model: Path) -> None:
    words = Whisper(str(model), "cpu").hear(QUESTION)
    assert words
    assert all(isinstance(word, TimedWord) and type(word.start) is float for word in words)
    assert all(0 <= word.start <= word.end <= SAMPLES.size / SAMPLE_RATE + 1 for word in words)
    assert Whisper(str(model), "cpu").hear(QUESTION) == words


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(10), np.zeros(SAMPLE_RATE)])
def test_silence_is_no_error(model: Path, samples: np.ndarray) -> None:
    assert isinstance(Whisper(str(model), "cpu").hear(Question(samples.astype(np.float32), TEXT, "", "en")), list)


def test_it_listens_in_a_process_of_its_own(model: Path) -> None:
    spec = choose_recogniser(settings(whisper=str(model)), "faster_whisper")
    assert spec is not None
    process = RecogniserProcess(spec)
    assert list(process.hear(QUESTION)) == Whisper(str(model), "cpu").hear(QUESTION)
    process.close()


def test_a_damaged_model_is_said_to_be_so(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RecogniserFailed, match=str(tmp_path)):
        Whisper(str(tmp_path), "cpu")


def timed(*words: str, blank: str = " ") -> list[Word]:
    """As the library gives them: with the blank before each, where the language has blanks."""
    return [
        Word(start=float(at), end=at + 0.5, word=f"{blank}{word}", probability=0.9) for at, word in enumerate(words)
    ]


def test_words_are_compared_without_marks_and_in_words() -> None:
    heard = list(heard_words(timed("Hello,", "Dr.", "Smith!", "It's", "42", "—"), "en"))
    assert [word.text for word in heard] == ["hello", "doctor", "smith", "it's", "forty", "two"]
    assert heard[:2] == [TimedWord("hello", 0.0, 0.5), TimedWord("doctor", 1.0, 1.5)]
    assert heard[-2:] == [TimedWord("forty", 4.0, 4.25), TimedWord("two", 4.25, 4.5, timed=False)]  # nobody knows when
    assert list(heard_words([], "en")) == []


def test_other_languages_keep_their_words() -> None:
    heard = heard_words(timed("Schöne", "Grüße", "你好"), "de")
    assert [word.text for word in heard] == ["schöne", "grüsse", "你", "好"]


def test_what_other_languages_write_in_digits_is_heard_as_it_is_said() -> None:
    """As the manifest's text is said: else a clip with a number would be wrong for ever."""
    for language, said, written in [
        ("de", "Es kostet 42 Euro.", ("Es", "kostet", "42", "Euro.")),
        ("fr", "Il y a 25 personnes.", ("Il", "y", "a", "25", "personnes.")),
        ("zh", "今天是2024年3月5日。", ("今天是", "2024", "年", "3", "月", "5", "日。")),
    ]:
        expected = words_of(other_language(said, language))
        heard = heard_words(timed(*written, blank="" if language == "zh" else " "), language)
        assert [word.text for word in heard] == expected


# --- which one listens ----------------------------------------------------------------------------------------


def test_auto_is_whisper_where_its_model_is_and_nobody_elsewhere(model: Path) -> None:
    assert choose_recogniser(settings(), None) is None
    spec = choose_recogniser(settings(whisper=str(model)), None)
    assert spec is not None
    assert spec.name.startswith("faster_whisper-")
    assert spec.arguments == ("faster_whisper", str(model), "cpu")
    assert (spec.hears("en-GB"), spec.hears("de")) == (True, False)  # by its vocabulary it is one for English


def test_the_batch_beats_the_environment(model: Path) -> None:
    assert choose_recogniser(settings(whisper=str(model)), "none") is None
    assert choose_recogniser(settings(recogniser="none", whisper=str(model)), None) is None
    spec = choose_recogniser(settings(recogniser="none"), "pocketsphinx")
    assert spec is not None
    assert spec.arguments == ("pocketsphinx",)
    assert (spec.hears("en-US"), spec.hears("de")) == (True, False)
    assert spec.processes >= 1
    assert no_recogniser("pocketsphinx") is None


def test_a_model_in_the_hubs_cache_is_found_by_its_size(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("c0ffee")
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "c0ffee").symlink_to(model)
    spec = choose_recogniser(settings(), None)
    assert spec is not None
    assert Path(spec.arguments[1]).resolve() == model


@pytest.mark.parametrize(
    ("whisper", "says"),
    [
        ("small", "hf download Systran/faster-whisper-small"),
        ("somebody/a-whisper", "hf download somebody/a-whisper"),
        ("/no/such/folder", "F5_WHISPER must be a folder"),
        ("not a name of anything", "hf download"),
    ],
)
def test_a_model_that_is_not_here_is_not_fetched_and_the_error_says_how(whisper: str, says: str) -> None:
    with pytest.raises(RecogniserMissing, match="not on this machine") as error:
        choose_recogniser(settings(whisper=whisper), "faster_whisper")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_that_lacks_a_file(model: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((model / "config.json").read_bytes())
    with pytest.raises(RecogniserMissing, match=r"lacks model\.bin, tokenizer\.json"):
        choose_recogniser(settings(whisper=str(tmp_path)), "faster_whisper")


@pytest.mark.parametrize("word", ["pocketsphinx", "faster_whisper"])
@pytest.mark.parametrize("lacking", ["the recogniser", "rapidfuzz"])
def test_what_is_not_installed_is_an_error_only_where_it_is_asked_for(
    word: str, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = word if lacking == "the recogniser" else lacking
    find = choice.find_spec
    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == gone else find(name))
    with pytest.raises(RecogniserMissing, match=r"pip install 'f5-pipeline\[asr\]'"):
        choose_recogniser(settings(), word)
    assert choose_recogniser(settings(), "auto") is None


def test_another_model_has_another_name(model: Path, tmp_path: Path) -> None:
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


def test_models_for_all_languages_are_known_by_their_vocabulary(tmp_path: Path) -> None:
    for size, english in ((51_864, True), (51_865, False), (51_866, False)):
        (tmp_path / "tokenizer.json").write_text(
            f'{{"model": {{"vocab": {{"a": 0}}}}, "added_tokens": [{{"id": {size - 1}}}]}}'
        )
        assert is_english_only(tmp_path) is english
    (tmp_path / "tokenizer.json").write_text("[]")
    assert is_english_only(tmp_path) is False
