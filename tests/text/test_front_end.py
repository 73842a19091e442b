"""The whole text front end, and fitting texts to a vocabulary."""

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
from tests.languages.english_cases import CASES

SMALL = frozenset(" abcdefghijklmnopqrstuvwxyz',.?!")


@pytest.fixture(scope="module")
def demo() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


@pytest.fixture(scope="module")
def cased(demo: ModelSpec) -> ModelSpec:
    return replace(demo, lower_case=False)


@pytest.mark.parametrize(
    ("written", "expected"),
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
        ("10\u202f000 or 1\u00a0000\u2009000, 01\u00a0234", "10000 or 1000000, 01 234"),
        ("inter-\nnational, well-\nknown, Haupt-\nund", "international, well-known, Haupt-\nund"),
        ("mother-in-\nlaw, a two-\nyear-old, 2019-\n20, e-\nmail", "mother-in-law, a two-year-old, 2019-20, e-mail"),
        ("plain", "plain"),
    ],
)
def test_tidy(written: str, expected: str) -> None:
    assert tidy(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
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
def test_normalise(written: str, expected: str, cased: ModelSpec) -> None:
    assert normalise(written, "en", cased) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
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
def test_texts_are_fitted_to_the_demo_models_vocabulary(written: str, expected: str, demo: ModelSpec) -> None:
    assert spoken(written, "en", demo, local_vocabulary(demo)) == (expected, [])


@pytest.mark.parametrize(
    ("written", "unsayable_characters"),
    [
        ("Hello 😀", ["😀"]),
        ("Привет", ["п", "р", "и", "в", "е", "т"]),
        ("你好", ["你", "好"]),
        ("שלום", ["ש", "ל", "ו", "ם"]),
        ("broken \ufffd", ["\ufffd"]),
        ("❤ ❤", ["❤"]),
    ],
)
def test_unsayable_characters_are_reported_and_kept(
    written: str, unsayable_characters: list[str], demo: ModelSpec
) -> None:
    text, reported = spoken(written, "en", demo, local_vocabulary(demo))
    assert reported == unsayable_characters
    assert all(c in text for c in reported)


def test_a_substitute_is_used_only_where_the_vocabulary_lacks_the_character() -> None:
    assert fit("é É ; -", SMALL, "characters") == "e e,"
    assert fit("é É ; -", SMALL | {"é", ";", "-"}, "characters") == "é é ; -"


def test_chinese_is_sayable_as_pinyin_only() -> None:
    assert unsayable("你好", SMALL | {"ni3", "hao3"}, "pinyin") == []
    assert unsayable("你好", SMALL | {"ni3"}, "pinyin") == ["好"]
    assert unsayable("你好", SMALL | {"ni3", "hao3"}, "characters") == ["你", "好"]


def test_the_official_vocabulary_covers_many_scripts() -> None:
    from importlib.resources import files

    lines = files("f5_tts").joinpath("infer/examples/vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = frozenset(lines) - {""}
    for text in ("Hello – “world” & café; 100%", "你好，世界。", "Füße, ça, señor, naïve", "Привет, мир"):
        assert unsayable(fit(tidy(text), vocabulary, "pinyin"), vocabulary, "pinyin") == []
    assert unsayable("𓀀 😀", vocabulary, "pinyin") == ["𓀀", "😀"]


def test_a_replacement_character_is_never_sayable() -> None:
    """It is in the official vocabulary, but marks text that was lost in decoding."""
    assert unsayable("x\ufffd", SMALL | {"\ufffd"}, "characters") == ["\ufffd"]


@pytest.mark.parametrize(("text", "speech"), [("a", True), ("7", True), ("你", True), ("... !", False), ("", False)])
def test_speech_needs_a_letter_or_a_digit(text: str, speech: bool) -> None:
    assert has_speech(text) is speech


def test_fitting_twice_changes_nothing(demo: ModelSpec, cased: ModelSpec) -> None:
    vocabulary = local_vocabulary(demo)
    for spec, alphabet in ((demo, vocabulary), (cased, None)):
        for written, _ in CASES:
            once, _ = spoken(written, "en", spec, alphabet)
            assert spoken(once, "en", spec, alphabet)[0] == once


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
def test_a_reference_text_ends_in_a_mark_and_a_space(transcript: str, ref_text: str) -> None:
    assert reference_text(transcript) == ref_text


def test_random_texts_are_fitted_or_reported(demo: ModelSpec) -> None:
    """Random Unicode: every character of the result is in the vocabulary or reported."""
    vocabulary = local_vocabulary(demo)
    assert vocabulary is not None
    for seed in range(2_000):
        dice = random.Random(seed)
        text = "".join(chr(dice.choice((dice.randrange(0x250), dice.randrange(0xD800)))) for _ in range(20))
        fitted, reported = spoken(text, "en", demo, vocabulary)
        assert set(fitted) - {"\n"} <= vocabulary | set(reported), repr(text)
        assert "  " not in fitted


@pytest.mark.timeout(60)
@pytest.mark.parametrize("repeated", [" ", "\n", " \n", "—", "- ", "…", "é", "\u0301", "½", "\t ", '"', "."])
def test_odd_repetitions_do_not_hang(repeated: str, demo: ModelSpec) -> None:
    fitted, _ = spoken("a" + repeated * (50_000 // len(repeated)) + "b", "en", demo, local_vocabulary(demo))
    assert fitted[0] == "a"
