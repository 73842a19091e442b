"""The text front end as a whole, and the alphabet of a model."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import local_vocabulary
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.alphabet import fit, unsayable
from f5_pipeline.text.front_end import has_speech, normalise, reference_text, spoken, tidy
from tests.text.test_english import CASES

SMALL = frozenset(" abcdefghijklmnopqrstuvwxyz',.?!")


@pytest.fixture(scope="module")
def demo() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


@pytest.fixture(scope="module")
def cased(demo: ModelSpec) -> ModelSpec:
    return replace(demo, lower_case=False)


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("cafe\u0301", "café"),
        ("“Quoted” — ‘so’", "\"Quoted\" — 'so'"),
        ("wait…", "wait..."),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202eright to left\u202c", "right to left"),
        ("tab\tand\x07bell", "tab and bell"),
        ("non\u00a0breaking", "non breaking"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("one\u2029two", "one\n\ntwo"),
        ("2½ and ¼", "2 1/2 and 1/4"),
        ("heart ❤\ufe0f", "heart ❤"),
        ("plain", "plain"),
    ],
)
def test_tidies(written: str, tidied: str) -> None:
    assert tidy(written) == tidied


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("  Two\n lines  of   text ", "Two lines of text"),
        ("One.\n\nTwo.\n \n\nThree.", "One.\n\nTwo.\n\nThree."),
        ("a word—another", "a word - another"),
        ("a word – another", "a word - another"),
        ("5–6 apples", "five to six apples"),
        ("well-known", "well-known"),
        ("   \n\n  ", ""),
    ],
)
def test_normalises(written: str, said: str, cased: ModelSpec) -> None:
    assert normalise(written, "en", cased) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello, World!", "hello, world!"),
        ("It cost $5.50 (a lot); really: yes.", "it cost five dollars and fifty cents, a lot, really, yes."),
        ("The FBI and NASA", "the f b i and nasa"),
        ("“Café” — naïve Ærø", "cafe, naive aero"),
        ("Twenty-one", "twenty one"),
        ("ＦＵＬＬ width ①", "full width one"),
        ("(Start) and [end]", "start, and, end,"),
        ("Wait... what?!", "wait... what?!"),
        ("well—yes", "well, yes"),
        ("Straße", "strasse"),
    ],
)
def test_fits_the_demo_models_alphabet(written: str, said: str, demo: ModelSpec) -> None:
    text, left = spoken(written, "en", demo, local_vocabulary(demo))
    assert (text, left) == (said, [])


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Hello 😀", ["😀"]),
        ("Привет", ["п", "р", "и", "в", "е", "т"]),
        ("你好", ["你", "好"]),
        ("שלום", ["ש", "ל", "ו", "ם"]),
        ("broken \ufffd", ["\ufffd"]),
        ("❤ ❤", ["❤"]),
    ],
)
def test_what_cannot_be_said_is_named_not_dropped(written: str, left: list[str], demo: ModelSpec) -> None:
    said, found = spoken(written, "en", demo, local_vocabulary(demo))
    assert found == left
    assert all(c in said for c in left)


def test_a_substitute_is_used_only_where_the_vocabulary_lacks_the_character() -> None:
    assert fit("é É ; -", SMALL, "characters") == "e e,"
    assert fit("é É ; -", SMALL | {"é", ";", "-"}, "characters") == "é é ; -"


def test_chinese_is_sayable_as_pinyin_only() -> None:
    assert unsayable("你好", SMALL | {"ni3", "hao3"}, "pinyin") == []
    assert unsayable("你好", SMALL | {"ni3"}, "pinyin") == ["好"]
    assert unsayable("你好", SMALL | {"ni3", "hao3"}, "characters") == ["你", "好"]


def test_the_official_vocabulary_says_many_scripts() -> None:
    from importlib.resources import files

    lines = files("f5_tts").joinpath("infer/examples/vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = frozenset(lines) - {""}
    for text in ("Hello – “world” & café; 100%", "你好，世界。", "Füße, ça, señor, naïve", "Привет, мир"):
        assert unsayable(fit(tidy(text), vocabulary, "pinyin"), vocabulary, "pinyin") == []
    assert unsayable("𓀀 😀", vocabulary, "pinyin") == ["𓀀", "😀"]


def test_a_replacement_character_is_never_sayable() -> None:
    """It is in the official vocabulary, but stands for text that was lost."""
    assert unsayable("x\ufffd", SMALL | {"\ufffd"}, "characters") == ["\ufffd"]


@pytest.mark.parametrize(("text", "speech"), [("a", True), ("7", True), ("你", True), ("... !", False), ("", False)])
def test_speech_needs_a_letter_or_a_digit(text: str, speech: bool) -> None:
    assert has_speech(text) is speech


def test_what_was_made_sayable_stays_when_it_is_done_again(demo: ModelSpec, cased: ModelSpec) -> None:
    vocabulary = local_vocabulary(demo)
    for spec, alphabet in ((demo, vocabulary), (cased, None)):
        for written, _ in CASES:
            said, _ = spoken(written, "en", spec, alphabet)
            assert spoken(said, "en", spec, alphabet)[0] == said


@pytest.mark.parametrize(
    ("transcript", "ref_text"),
    [
        ("Hello there.", "Hello there. "),
        ("Hello there", "Hello there. "),
        (" Hello,\nthere,  ", "Hello, there. "),
        ("“Really?”", '"Really?" '),
        ("你好", "你好。"),
        ("你好！", "你好！"),
        ("", ""),
    ],
)
def test_a_reference_text_ends_as_f5_needs_it(transcript: str, ref_text: str) -> None:
    assert reference_text(transcript) == ref_text


def test_any_text_is_fitted_or_refused(demo: ModelSpec) -> None:
    """Random Unicode: what is left after fitting is in the vocabulary, or is reported."""
    vocabulary = local_vocabulary(demo)
    assert vocabulary is not None
    for seed in range(2_000):
        dice = random.Random(seed)
        text = "".join(chr(dice.choice((dice.randrange(0x250), dice.randrange(0xD800)))) for _ in range(20))
        said, left = spoken(text, "en", demo, vocabulary)
        assert set(said) - {"\n"} <= vocabulary | set(left), repr(text)
        assert "  " not in said


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", [" ", "\n", " \n", "—", "- ", "…", "é", "\u0301", "½", "\t ", '"', "."])
def test_odd_repetitions_do_not_hang(piece: str, demo: ModelSpec) -> None:
    said, _left = spoken("a" + piece * (50_000 // len(piece)) + "b", "en", demo, local_vocabulary(demo))
    assert said[0] == "a"
