"""Hindi numbers in words: 0 to 99 have words of their own; above them सौ, हज़ार, लाख, करोड़, अरब, …"""

from __future__ import annotations

from f5_pipeline.languages.language import words

WORDS = words(
    """
    शून्य एक दो तीन चार पाँच छह सात आठ नौ
    दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
    बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस
    तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
    चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास
    पचास इक्यावन बावन तिरेपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ
    साठ इकसठ बासठ तिरेसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
    सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी
    अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी
    नब्बे इक्यानबे बानबे तिरानबे चौरानबे पंचानबे छियानबे सत्तानबे अट्ठानबे निन्यानबे
    """
)
_SCALES = (
    *((10**17, "शंख"), (10**15, "पद्म"), (10**13, "नील"), (10**11, "खरब"), (10**9, "अरब")),
    *((10**7, "करोड़"), (10**5, "लाख"), (10**3, "हज़ार"), (100, "सौ")),
)
_PARTS = {"5": "साढ़े", "25": "सवा", "75": "पौने"}  # decimals → the word before the whole number
_LONGEST = 19  # digits; a longer number is read digit by digit
NUMBER = r"\d(?:\d{0,2}(?:,\d{2,3}){1,8}(?!,?\d)|\d{0,59})(?:\.\d{1,60})?"


def digits(text: str) -> str:
    """Digit by digit, as in telephone numbers; all else is left out."""
    return " ".join(WORDS[int(digit)] for digit in text if digit.isdecimal())


def number(written: str) -> str:
    """A number in digits (with separators, decimal point or leading zeros), in words."""
    whole, _, decimals = written.replace(",", "").partition(".")
    spoken = digits(whole) if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0") else integer(int(whole))
    return f"{spoken} दशमलव {digits(decimals)}" if decimals else spoken


def integer(value: int) -> str:
    """A number below 10 to the power of 19."""
    parts = []
    for scale, name in _SCALES:
        count, value = divmod(value, scale)
        if count:
            parts.append(f"{WORDS[count]} {name}")
    return " ".join([*parts, WORDS[value]] if value or not parts else parts)


def year(value: int) -> str:
    """A year: 1947 is उन्नीस सौ सैंतालीस, 2024 a cardinal number."""
    century, rest = divmod(value, 100)
    if 11 <= century <= 19 or (century > 20 and century % 10):
        return f"{WORDS[century]} सौ" + (f" {WORDS[rest]}" if rest else "") if century < 100 else integer(value)
    return integer(value)


def fractional(written: str) -> str:
    """ "1.5" is डेढ़, "2.5" ढाई, "3.25" सवा तीन, "3.75" पौने चार; all else as ``number``."""
    whole, _, decimals = written.replace(",", "").partition(".")
    part = decimals.rstrip("0") if len(whole) < _LONGEST else ""
    value = int(whole) if part in _PARTS else 0
    if part == "5" and value in (0, 1, 2):
        return ("आधा", "डेढ़", "ढाई")[value]
    if part == "75":
        return f"पौने {integer(value + 1)}" if value else "पौन"
    if value and part in _PARTS:
        return "सवा" if part == "25" and value == 1 else f"{_PARTS[part]} {integer(value)}"
    return number(written)
