"""Whatever the text and the language, a reading ends and raises no error."""

from __future__ import annotations

import pytest
from babel.localedata import locale_identifiers
from num2words import CONVERTER_CLASSES
from unicode_rbnf import RbnfEngine

from f5_pipeline.languages.reading import in_words, unread

KNOWN = [*RbnfEngine.get_supported_languages(), *CONVERTER_CLASSES, *locale_identifiers()]
REGIONS = {"pt-pt", "pt-br", "de-ch", "fr-be", "zh-hant", "sr-latn", "en-gb"}
LANGUAGES = sorted({code.lower().partition("_")[0].partition("-")[0] for code in KNOWN} | REGIONS | {"xx", "q"})
TEXTS = [
    "",
    "$5",
    "£3.50",
    "€1.5bn",
    "$1,234.56",
    "5€-6€",
    "US$ 2 M",
    "1,234,567",
    "1.000.000,00",
    "99999999999999999999",
    "9" * 400 + " km",
    "0," + "1" * 400 + " %",
    "1" * 60,
    "1e400",
    "1/0",
    "0/0",
    "-0",
    "--5",
    "1..2",
    "1,,2",
    "1.º 2e 3rd 4-й 5:e",
    "3. kerros",
    "12:60",
    "99:99",
    "00:00:00",
    "5 p.m.",
    "31.02.2024",
    "13.13.2024",
    "2024-00-99",
    "0.0.0000",
    "1 1/2 h",
    "24/7",
    "5 %",
    "%5",
    "-5 °C, 3 m/s, 1 g/m²",
    "٣",
    "१२٣4",
    "五5",
    "½ ² Ⅳ ①",
    "1.2.3.4",
    "+49 (171) 1234567",
    "a@b.co http://x.y/?z=1",
    "[5] §5 5'5\"",
    "XIV. MMMMXX Ier",
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("text", TEXTS)
def test_a_reading_ends_without_an_error(text: str) -> None:
    for language in LANGUAGES:
        in_words(text, language)


def test_a_language_without_number_words_keeps_digits_and_says_so() -> None:
    spoken = in_words("Leave 5 and 1,234.5 alone", "xx")
    assert spoken == "Leave 5 and 1,234.5 alone"
    assert unread(spoken) == ["5", "1,234.5"]
    assert unread(in_words("5 Äpfel", "de")) == []
