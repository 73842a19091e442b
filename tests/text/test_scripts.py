"""The script of a text, the language that follows from it, and the parts of a text in several languages."""

from __future__ import annotations

import pytest

from f5_pipeline.text.language_parts import language_parts
from f5_pipeline.text.scripts import default_language, detect, has_letters_of, is_written_in, transcript_language

OFFICIAL = ["zh", "en"]

# text, languages of the model → language, script
DETECTED = [
    # the model's first language in the script of the text
    ("It takes 42 minutes.", OFFICIAL, "en", "Latin"),
    ("Es dauert 42 Minuten.", ["de", "en"], "de", "Latin"),
    ("Ça dure 42 minutes.", ["fr"], "fr", "Latin"),
    ("ＨＥＬＬＯ", OFFICIAL, "en", "Latin"),
    ("Это 42 минуты.", ["en", "uk", "ru"], "uk", "Cyrillic"),
    ("Ово је 42.", ["sr"], "sr", "Cyrillic"),
    ("Ovo je 42.", ["ru", "sr"], "sr", "Latin"),
    ("O 42 daqiqa.", ["zh", "uz"], "uz", "Latin"),
    ("यह 42 है।", ["en", "mr"], "mr", "Devanagari"),
    # the script's most common language, if the model has none in it
    ("It takes 42 minutes.", ["ru"], "en", "Latin"),
    ("It takes 42 minutes.", ["ja"], "en", "Latin"),
    ("Это 42 минуты.", OFFICIAL, "ru", "Cyrillic"),
    ("Είναι 42 λεπτά.", OFFICIAL, "el", "Greek"),
    ("هذه 42 دقيقة.", OFFICIAL, "ar", "Arabic"),
    ("זה לוקח 42 דקות.", OFFICIAL, "he", "Hebrew"),
    ("यह 42 मिनट है।", OFFICIAL, "hi", "Devanagari"),
    ("இது 42 நிமிடம்.", OFFICIAL, "ta", "Tamil"),
    ("ใช้เวลา 42 นาที", OFFICIAL, "th", "Thai"),
    ("42분 걸려요.", OFFICIAL, "ko", "Hangul"),
    ("ეს 42 წუთია.", OFFICIAL, "ka", "Georgian"),
    ("Սա 42 րոպե է։", OFFICIAL, "hy", "Armenian"),
    ("ይህ 42 ደቂቃ ነው።", OFFICIAL, "am", "Ethiopic"),
    # Han characters alone are Chinese unless the model speaks only Japanese; kana are Japanese
    ("需要42分钟。", OFFICIAL, "zh", "Han"),
    ("所要時間42分", ["ja"], "ja", "Han"),
    ("所要時間42分", ["ja", "zh"], "zh", "Han"),
    ("所要時間は42分", ["zh", "ja"], "ja", "Kana"),
    ("四十二分かかります。", OFFICIAL, "ja", "Kana"),
    ("ｶﾀｶﾅ42", OFFICIAL, "ja", "Kana"),
    ("春の茶今天又开了42家新店", OFFICIAL, "zh", "Han"),  # one kana in a Chinese text
    # mixed texts: the script with the most words, where names count little
    ("我有42个苹果", OFFICIAL, "zh", "Han"),
    ("iPhone 15发布了", OFFICIAL, "zh", "Han"),
    ("我买了 iPhone 15 Pro Max 256 GB。", OFFICIAL, "zh", "Han"),
    ("我用 python 3。", OFFICIAL, "zh", "Han"),
    ("Mr. 王小明 called 5 times.", OFFICIAL, "en", "Latin"),
    ("I met 山田 today at 5.", ["en", "ja"], "en", "Latin"),
    ("Я купил iPhone 15 Pro Max.", ["en", "ru"], "ru", "Cyrillic"),
    ("The river Днепр is 2201 km long.", ["en", "ru"], "en", "Latin"),
    ("ฉันซื้อ MacBook 2 เครื่อง", ["en", "th"], "th", "Thai"),
    # addresses are in Latin letters in texts of all scripts
    ("访问https://docs.example.com/a查看。", OFFICIAL, "zh", "Han"),
    ("Пишите на sales@example.com", ["ru", "en"], "ru", "Cyrillic"),
    # of two scripts with as many words, the model's
    ("He wrote «Война и мир» in 1869.", OFFICIAL, "en", "Latin"),
    # a single Greek letter is a symbol, a micro sign is no letter
    ("π is about 3.14", OFFICIAL, "en", "Latin"),
    ("π ≈ 3.14", OFFICIAL, "", ""),
    ("5 µm", ["el", "en"], "en", "Latin"),
    # no letters
    ("42", OFFICIAL, "", ""),
    ("?! …", OFFICIAL, "", ""),
    ("😀👍🏽🇩🇪", OFFICIAL, "", ""),
    ("٤٢", ["ar"], "", ""),
    ("", OFFICIAL, "", ""),
]


@pytest.mark.parametrize(("text", "languages", "language", "script"), DETECTED)
def test_the_language_follows_from_the_script(text: str, languages: list[str], language: str, script: str) -> None:
    assert detect(text, languages) == (language, script)


def test_the_default_language_is_english_if_the_model_speaks_it() -> None:
    assert [default_language(known) for known in (["zh", "en"], ["de", "en-GB"], ["ru", "ja"])] == ["en", "en-GB", "ru"]


# text, its language → the parts with their languages, for a model of Chinese, English and Japanese
PARTS = [
    # a clause in another script has its own language, with its numbers and its marks
    ("他说 I have 42 lines，一共3次", "zh", ["zh:他说 ", "en:I have 42 lines，", "zh:一共3次"]),
    ("他说 I have 42. 一共3次", "zh", ["zh:他说 ", "en:I have 42.", "zh: 一共3次"]),
    ("他说 it costs $5", "zh", ["zh:他说 ", "en:it costs $5"]),
    ("5 of us say 你好吗。他有5个", "en", ["en:5 of us say ", "zh:你好吗。他有5个"]),
    ("He said “我有42个苹果” and left at 5.", "en", ["en:He said ", "zh:“我有42个苹果”", "en: and left at 5."]),
    ("東京で he said 42 times と聞いた。2回", "ja", ["ja:東京で ", "en:he said 42 times", "ja: と聞いた。2回"]),
    # a number that touches a character of a script without spaces belongs to it
    ("He bought 3 apples and 42个 for me", "en", ["en:He bought 3 apples and ", "zh:42个", "en: for me"]),
    # between two languages without a mark, a number belongs to the text's language
    ("他说 I am here 42 然后走了", "zh", ["zh:他说 ", "en:I am here", "zh: 42 然后走了"]),
    ("请打开 https://example.com/3 网站", "zh", ["zh:请打开 ", "en:https://example.com/3", "zh: 网站"]),
    # a name is no clause
    ("iPhone 15发布了", "zh", ["zh:iPhone 15发布了"]),
    ("我买了 MacBook Pro 16。", "zh", ["zh:我买了 MacBook Pro 16。"]),
    ("Meet 王小明 (42) at 北京 10:30. Bring 5 cats.", "en", ["en:Meet 王小明 (42) at 北京 10:30. Bring 5 cats."]),
]


@pytest.mark.parametrize(("text", "language", "parts"), PARTS)
def test_a_clause_in_another_script_has_a_language_of_its_own(text: str, language: str, parts: list[str]) -> None:
    assert [f"{code}:{part}" for code, part in language_parts(text, language, ["zh", "en", "ja"])] == parts


@pytest.mark.parametrize("languages", [["en"], ["de", "fr"], ["ja"]])
def test_with_languages_in_one_script_a_text_is_one_part(languages: list[str]) -> None:
    text = "他说 I have 42 lines，一共3次"
    assert language_parts(text, languages[0], languages) == [(languages[0], text)]


HOSTILE = [
    "",
    " \n\n ",
    "?!…",
    "😀" * 50,
    "\u202eשלום 42 abc\u202c",
    "a\ud800Б",
    "e\u0301" * 9 + "中",
    "42",
    "中 " * 3 + "a",
]
HOSTILE += ["中" + "1" * 49_990 + " a", "1 " * 20_000 + "1中 a"]
HOSTILE += ["我们 are 42 " * 5_000, "".join(map(chr, range(0x20, 0xD7FF, 7))), "\u200d中\u200d1\ufe0f\u20e3"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_parts_of_any_text_are_the_text(text: str) -> None:
    for languages in (OFFICIAL, ["ja", "en", "ru", "el"]):
        language = detect(text, languages)[0] or default_language(languages)
        assert "".join(part for _, part in language_parts(text, language, languages)) == text


# language, script → written in it
WRITTEN = [
    ("en-GB", "Latin", True),
    ("sr", "Latin", True),
    ("sr-Latn", "Cyrillic", False),
    ("zh_Hant", "Han", True),
    ("ja", "Han", True),
    ("vi", "Latin", True),
    ("ru", "Latin", False),
    ("yue", "Latin", False),
]


@pytest.mark.parametrize(("language", "script", "expected"), WRITTEN)
def test_the_scripts_of_a_language(language: str, script: str, expected: bool) -> None:
    assert is_written_in(language, script) is expected


# text, language → has a letter in a script of the language, or no letter
IN_SCRIPT = [
    ("Hello 42", "zh", False),
    ("Hello 42", "de", True),
    ("42", "zh", True),
    ("Hello 中", "zh", True),
    ("你好", "en", False),
    ("Зачем", "en", False),
]


@pytest.mark.parametrize(("text", "language", "expected"), IN_SCRIPT)
def test_a_text_without_a_letter_of_its_language(text: str, language: str, expected: bool) -> None:
    assert has_letters_of(text, language) is expected


# transcript, language of the voice, language of the text → language of the transcript, for the official model
TRANSCRIPTS = [
    ("I have 42 lines.", None, "en-GB", "en-GB"),
    ("I have 42 lines.", None, "zh", "en"),
    ("我有42行。", None, "en", "zh"),
    ("Ich habe 42 Zeilen.", None, "de", "de"),
    ("Ich habe 42 Zeilen.", "de", "en", "de"),
    ("42", None, "zh", "zh"),
]


@pytest.mark.parametrize(("transcript", "voice", "text", "expected"), TRANSCRIPTS)
def test_the_language_of_a_transcript(transcript: str, voice: str | None, text: str, expected: str) -> None:
    assert transcript_language(transcript, voice, text, OFFICIAL) == expected
