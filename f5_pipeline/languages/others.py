"""Dutch, Hungarian, Romanian, Turkish, Korean, Vietnamese and Thai: their words, number formats and own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import roman
from f5_pipeline.languages.word_tables import word_table

_HUNGARIAN_MONTHS = "január|február|március|április|május|június|július|augusztus|szeptember|október|november|december"
_HUNGARIAN_DATE = re.compile(rf"(?:(\d{{4}})\. )?\b({_HUNGARIAN_MONTHS}) (\d{{1,2}})(?:\.|-([áéjei]\w{{1,3}}))")
_KOREAN_COUNTERS = "개|명|살|마리|번|권|잔|병|대|장|시(?!간)|시간|가지|사람|송이|그루|켤레"
_KOREAN_NATIVE = re.compile(rf"(?<![\d.,])(\d{{1,2}}) ?(?={_KOREAN_COUNTERS})(?!\d{{1,2}} ?번[지호])")


def _hungarian_date(match: re.Match[str]) -> str:
    """ "2024. március 5." and "március 5-én": the day is a possessive ordinal, "ötödike"."""
    day = int(match[3])
    spoken = (
        "elseje"
        if day == 1
        else ordinal(day, "hu") + ("e" if re.search("[eéiíöőüű]", ordinal(day, "hu")[-4:]) else "a")
    )
    ending = "" if match[4] is None else "n"
    spoken = spoken[:-1] + {"e": "é", "a": "á"}[spoken[-1]] + "n" if ending else spoken
    year = f"{cardinal(int(match[1]), 'hu')} " if match[1] else ""
    return f"{year}{match[2]} {spoken}"


def _romanian_form(noun: str) -> str:
    if noun in ("de", "și", "la", "în", "din", "pe", "cu", "sau", "este", "sunt", "ori", "virgulă", "punct"):
        return ""
    return "feminine" if re.fullmatch(r"\w{2,}(?:ă|e|ri|ți)", noun) else "masculine"


def _sino_korean(text: str) -> str:
    text = re.sub(r"시속 ?(?=\d[\d.,]{0,9} ?km/h)", "", text)
    text = text.replace("6월", "유월").replace("10월", "시월") if re.search(r"(?<!\d)(?:6|10)월", text) else text
    return _KOREAN_NATIVE.sub(_native, text)


def _native(match: re.Match[str]) -> str:
    """Counts have native numbers; hours after 12 do not: "열세 개", "십삼시"."""
    is_late = int(match[1]) > 12 and re.match("시(?!간)", match.string[match.end() :])
    return match[0] if is_late else cardinal(int(match[1]), "ko", "native-attributive") + " "


_DUTCH_RULERS = "Willem|Hendrik|Karel|Lodewijk|Filips|Johannes Paulus|Pius|Benedictus|Frederik|Albert|Leopold|Napoleon"
_DUTCH_RULER = re.compile(rf"\b({_DUTCH_RULERS}) ([IVX]{{1,6}})\b(?!\.\w)")


def _dutch(text: str) -> str:
    text = _DUTCH_RULER.sub(lambda match: f"{match[1]} de {ordinal(roman(match[2]) or 0, 'nl')}", text)
    return re.sub(r"(?<!\w)'(?=\d\d\b)", "", text)


def _dutch_part(denominator: int) -> str:
    return {2: "half", 4: "kwart"}.get(denominator) or ordinal(denominator, "nl")


DUTCH = Language(
    "nl",
    to="tot",
    half=lambda whole, noun: f"{whole} en een halve {noun}" if whole else f"een halve {noun}",
    fraction=lambda numerator, denominator: f"{cardinal(numerator, 'nl')} {_dutch_part(denominator)}",
    mixed="{whole} en {fraction}",
    hour_mark="uur|u",
    full_hour="{h} uur",
    hour_and_minutes="{h} uur {m}",
    ordinals=(("(?:e|ste|de)", lambda number, _: ordinal(number, "nl")),),
    and_subunit=" en ",
    magnitudes="miljoen|miljard",
    large={"mln": ("miljoen", "miljoen"), "mld": ("miljard", "miljard")},
    subunits={"EUR": ("cent", "cent"), "USD": ("cent", "cent"), "GBP": ("penny", "pence")},
    units={
        "h": ("uur", "uur"),
        "°": ("graad", "graden"),
        "km/u": ("kilometer per uur", "kilometer per uur"),
    },
    words=word_table("nl"),
    rules=_dutch,
)
HUNGARIAN = Language(
    "hu",
    year_first=True,
    form=lambda noun: "initial",
    comma="egész",
    ordinal_point=lambda number, _: ordinal(number, "hu"),
    hour_and_minutes="{h} óra {m}",
    full_hour="{h} óra",
    and_subunit=" ",
    magnitudes="millió|milliárd",
    subunits={"EUR": ("cent", "cent"), "USD": ("cent", "cent"), "GBP": ("penny", "penny")},
    currencies={"HUF": ("forint", "forint"), "Ft": ("forint", "forint")},
    words=word_table("hu"),
    rules=lambda text: _HUNGARIAN_DATE.sub(_hungarian_date, text),
)
ROMANIAN = Language(
    "ro",
    form=_romanian_form,
    of=lambda noun: f"de {noun}",
    of_after=r"(?:zeci|sut[ăe]|mi[ei]|ilion|ilioane|iliard|iliarde| și \w+)",
    day=lambda day, _: "întâi" if day == 1 else cardinal(day, "ro"),
    to="până la",
    hour_and_minutes="{h} și {m}",
    and_subunit=" și ",
    magnitudes="milioane|milion|miliarde|miliard",
    large={"mil": ("milion", "milioane"), "mld": ("miliard", "miliarde")},
    subunits={
        "RON": ("ban", "bani"),
        "EUR": ("cent", "cenți"),
        "USD": ("cent", "cenți"),
        "GBP": ("penny", "penny"),
    },
    currencies={"RON": ("leu", "lei")},
    words=word_table("ro"),
)
TURKISH = Language(
    "tr",
    comma="virgül",
    ordinal_point=lambda number, _: ordinal(number, "tr"),
    hour_and_minutes="{h} {m}",
    magnitudes="milyon|milyar|trilyon",
    subunits={
        "TRY": ("kuruş", "kuruş"),
        "EUR": ("sent", "sent"),
        "USD": ("sent", "sent"),
        "GBP": ("peni", "peni"),
    },
    currencies={
        "EUR": ("euro", "euro"),
        "USD": ("dolar", "dolar"),
        "GBP": ("sterlin", "sterlin"),
        "TRY": ("lira", "lira"),
        "TL": ("lira", "lira"),
    },
    units={"km/h": ("saatte {0} kilometre", "saatte {0} kilometre"), "km/s": ("saatte {0} kilometre",) * 2},
    words=word_table("tr"),
    rules=lambda text: re.sub(r"%\s?(\d{1,12}(?:[.,]\d{1,6})?)", r"\1 %", text) if "%" in text else text,
)
KOREAN = Language(
    "ko",
    decimal_comma=False,
    months=tuple(f"{month}월" for month in words("일 이 삼 사 오 유 칠 팔 구 시 십일 십이")),
    day=lambda day, _: f"{cardinal(day, 'ko')}일",
    year=lambda number: f"{cardinal(number, 'ko')}년",
    year_first=True,
    hour_mark="시",
    full_hour="{h}시",
    hour_and_minutes="{h}시 {m}분",
    hours=dict(enumerate(words("영 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두"))),
    to="에서",
    versus="대",
    fraction=lambda numerator, denominator: f"{cardinal(denominator, 'ko')}분의 {cardinal(numerator, 'ko')}",
    units={"%": ("{0}퍼센트", "{0}퍼센트"), "km/h": ("시속 {0}킬로미터", "시속 {0}킬로미터")},
    words=word_table("ko"),
    attached=r"[가-힣]",
    rules=_sino_korean,
    after=lambda text: text.replace(" 에서 ", "에서 "),
)
VIETNAMESE = Language(
    "vi",
    comma="phẩy",
    months=tuple(
        f"tháng {month.replace('-', ' ')}"
        for month in words("một hai ba tư năm sáu bảy tám chín mười mười-một mười-hai")
    ),
    day=lambda day, before: ("" if before.lower() in ("ngày", "mùng") else "ngày ") + cardinal(day, "vi"),
    year=lambda number: f"năm {cardinal(number, 'vi')}",
    to="đến",
    versus="-",
    fraction=lambda numerator, denominator: f"{cardinal(numerator, 'vi')} phần {cardinal(denominator, 'vi')}",
    hour_mark="giờ|h",
    full_hour="{h} giờ",
    hour_and_minutes="{h} giờ {m}",
    magnitudes="triệu|tỷ|nghìn|ngàn",
    units={
        "%": ("{0} phần trăm", "{0} phần trăm"),
        "km/h": ("{0} kilômét trên giờ", "{0} kilômét trên giờ"),
        "h": ("giờ", "giờ"),
        "min": ("phút", "phút"),
        "s": ("giây", "giây"),
        "kg": ("ki lô gam", "ki lô gam"),
        "km": ("ki lô mét", "ki lô mét"),
    },
    currencies={"VND": ("đồng", "đồng"), "đ": ("đồng", "đồng")},
    words=word_table("vi"),
)
THAI = Language(
    "th", decimal_comma=False, to="ถึง", full_hour="{h}นาฬิกา", hour_and_minutes="{h}นาฬิกา{m}นาที", spaces=False
)
