"""Numbers, dates and money of languages other than English."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.languages.chinese.numbers import number
from f5_pipeline.languages.reading import in_words

CASES = [
    ("de", "Es kostet 3,5 Prozent von 1.000", "Es kostet drei Komma fünf Prozent von eintausend"),
    ("de", "25 %", "fünfundzwanzig Prozent"),
    ("de", "007", "null null sieben"),
    ("de", "im Jahr 1984", "im Jahr neunzehnhundertvierundachtzig"),
    ("de", "am 5. März 2024", "am fünften März zweitausendvierundzwanzig"),
    ("de", "der 1. Mai", "der erste Mai"),
    ("de", "05.03.2024", "fünfter März zweitausendvierundzwanzig"),
    ("de", "vom 2024-03-05", "vom fünften März zweitausendvierundzwanzig"),
    ("de", "5 €", "fünf Euro"),
    ("de", "5,50 €", "fünf Euro fünfzig Cent"),
    ("de", "$20", "zwanzig Dollar"),
    ("de-AT", "3 Katzen", "drei Katzen"),
    ("fr", "J'ai 21 ans", "J'ai vingt et un ans"),
    ("fr", "le 1er mars 2024", "le premier mars deux mille vingt-quatre"),
    ("fr", "le 14/07/1789", "le quatorze juillet mille sept cent quatre-vingt-neuf"),
    ("fr", "10 €", "dix euros"),
    ("fr", "3,5 %", "trois virgule cinq pour cent"),
    ("es", "Tengo 3 gatos", "Tengo tres gatos"),
    ("es", "5 de marzo de 2024", "cinco de marzo de dos mil veinticuatro"),
    ("es", "05/03/2024", "cinco de marzo de dos mil veinticuatro"),
    ("it", "Ho 2 gatti", "Ho due gatti"),
    ("it", "1 maggio", "primo maggio"),
    ("ru", "У меня 5 яблок", "У меня пять яблок"),
    ("ru", "5 марта", "пятого марта"),
    ("ru", "05.03.2024", "пятого марта две тысячи двадцать четвёртого года"),
    ("ru", "5 марта 2024 года", "пятого марта две тысячи двадцать четвёртого года"),
    ("fi", "Minulla on 3 kissaa", "Minulla on kolme kissaa"),
    ("fi", "5. maaliskuuta", "viides maaliskuuta"),
    ("lv", "5 kaķi", "pieci kaķi"),
    ("ja", "12", "十二"),
    ("ja", "2024年3月5日", "二千二十四年三月五日"),
    ("ja", "50%", "五十パーセント"),
    ("hi", "5%", "पाँच प्रतिशत"),
    # times
    ("de", "um 10:30 Uhr und 14:00", "um zehn Uhr dreißig und vierzehn Uhr"),
    ("de", "um 10.30 Uhr, 1 Uhr", "um zehn Uhr dreißig, ein Uhr"),
    ("fr", "10h30, 1h, 21 h 05", "dix heures trente, une heure, vingt et une heures cinq"),
    ("fr", "à 10:30, en 48 h", "à dix heures trente, en quarante-huit heures"),
    ("es", "a las 10:30, dura 24 horas", "a las diez y media, dura veinticuatro horas"),
    ("it", "alle 10:30", "alle dieci e trenta"),
    ("pt", "às 10h30", "às dez e trinta"),
    ("nl", "om 10.30 uur", "om tien uur dertig"),
    ("ru", "в 10:30 и в 14:05", "в десять тридцать и в четырнадцать ноль пять"),
    ("ja", "10:30に", "十時三十分に"),
    # ranges, scores, minus
    ("de", "Seite 10-20, 5–10 %", "Seite zehn bis zwanzig, fünf bis zehn Prozent"),
    ("de", "50%-60%, 5€-10€", "fünfzig Prozent bis sechzig Prozent, fünf Euro bis zehn Euro"),
    ("de", "14-16 Uhr, 14:00–16:00 Uhr", "vierzehn bis sechzehn Uhr, vierzehn Uhr bis sechzehn Uhr"),
    ("fr", "10h-12h", "dix heures à douze heures"),
    ("de", "1914-1918", "neunzehnhundertvierzehn bis neunzehnhundertachtzehn"),
    ("de", "Sie gewannen 3:2.", "Sie gewannen drei zu zwei."),
    ("de", "Es sind -5 Grad, -5 €", "Es sind minus fünf Grad, minus fünf Euro"),
    ("fr", "pages 10-20, -5", "pages dix à vingt, moins cinq"),
    ("es", "10-20, -5", "diez a veinte, menos cinco"),
    ("it", "10-20, -5", "dieci a venti, meno cinque"),
    ("ru", "10-20, -5", "десять-двадцать, минус пять"),
    ("lv", "10-20, -5", "desmit līdz divdesmit, mīnus pieci"),
    ("fi", "-5", "miinus viisi"),
    ("ja", "10-20, -5", "十から二十, マイナス五"),
    # decimals
    ("es", "3,5 y 1,75 %", "tres coma cinco y uno coma setenta y cinco por ciento"),
    ("tr", "3,5", "üç virgül beş"),
    # ordinals
    ("de", "der 3. Versuch im 2. Stock", "der dritte Versuch im zweiten Stock"),
    ("de", "Sie kam um 3. Dann ging sie.", "Sie kam um drei. Dann ging sie."),
    ("fr", "1er, 2e, 1re et 3ème", "premier, deuxième, première et troisième"),
    ("es", "1.º, 2.ª y 3er", "primero, segunda y tercer"),
    ("it", "il 3º, la 2ª", "il terzo, la seconda"),
    ("ru", "5-й и 2-я", "пятый и вторая"),
    # one before a noun
    ("de", "1 Euro, 1 Stunde, 1 €, 1 %", "ein Euro, eine Stunde, ein Euro, ein Prozent"),
    ("fr", "1 heure, 1 euro", "une heure, un euro"),
    ("es", "1 euro, 1 hora", "un euro, una hora"),
    ("it", "1 euro, 1 ora", "un euro, un'ora"),
    ("ru", "1 минута", "одна минута"),
    # next to letters
    ("de", "MP3, 5km, die 80er, 3mal", "MP drei, fünf Kilometer, die achtziger, dreimal"),
    ("fr", "CO2", "CO deux"),
    ("lv", "MP3", "MP trīs"),
    # money that num2words lacks
    ("ja", "¥500, 5€", "五百円, 五ユーロ"),
    ("sv", "5 €", "fem euro"),
    ("xx", "Leave 5 alone", "Leave 5 alone"),
    ("de", "Keine Zahl.", "Keine Zahl."),
    ("zh", "我有15个苹果", "我有十五个苹果"),
    ("zh", "我有2个苹果", "我有两个苹果"),
    ("zh", "2024年3月5日", "二零二四年三月五日"),
    ("zh", "2024-03-05", "二零二四年三月五日"),
    ("zh", "50%", "百分之五十"),
    ("zh", "3.14", "三点一四"),
    ("zh", "8:05 出发", "八点零五分 出发"),
    ("zh", "12:00", "十二点整"),
    ("zh", "¥1,200", "一千二百元"),
    ("zh", "$5", "五美元"),
    ("zh", "-5°C", "零下五摄氏度"),
    ("zh", "10-15 km", "十到十五公里"),
    ("zh", "13800138000", "一三八零零一三八零零零"),
    ("zh", "没有数字。", "没有数字。"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "expected"), CASES)
def test_reading(language: str, written: str, expected: str) -> None:
    assert " ".join(in_words(written, language.lower()).split()) == expected


def test_reading_twice_changes_nothing() -> None:
    for language, _, spoken in CASES:
        assert in_words(spoken, language.lower()).split() == spoken.split()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", "零"),
        ("10", "十"),
        ("11", "十一"),
        ("20", "二十"),
        ("101", "一百零一"),
        ("110", "一百一十"),
        ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("10000", "一万"),
        ("10001", "一万零一"),
        ("12345", "一万两千三百四十五"),
        ("100000", "十万"),
        ("100500", "十万零五百"),
        ("1000000", "一百万"),
        ("100000000", "一亿"),
        ("100000001", "一亿零一"),
        ("1234567890", "十二亿三千四百五十六万七千八百九十"),
        ("007", "零零七"),
    ],
)
def test_chinese_numbers(written: str, expected: str) -> None:
    assert number(written) == expected


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "ru", "fi", "lv", "ja", "zh", "hi"])
def test_random_texts_keep_no_digits(language: str) -> None:
    for seed in range(500):
        text = "".join(random.Random(seed).choices("0123456789.,:/- €$%°km", k=20))
        assert not any(c.isdecimal() for c in in_words(text, language)), text
