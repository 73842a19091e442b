"""E-mail addresses, URLs, IP addresses and telephone numbers in words."""

from __future__ import annotations

import re

from f5_pipeline.languages import number_words
from f5_pipeline.languages.language import Language

_IP = re.compile(r"(?<![\w.])(?!\d{1,3}(?:\.\d{3}){3})\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d|\w)")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?<!\d )(?:\+\d{1,3}(?:[ /-]?\(?\d{1,5}\)?){1,6}|\(0?\d{1,5}\)(?:[ /-]?\d{2,8}){1,4}"
    r"|0\d{1,5}[ /-]{1,3}\d{3,8}(?:[ -]\d{2,8}){0,4}|0\d{1,5}[ /](?:\d{2}[ -]){2,4}\d{2}|0\d{2,9}(?:-\d{2,9}){1,3}"
    r"|\d{2,5} ?[ /-]\d{3,5}-\d{3,4}|\d{3,5}-\d{4})(?![\w-])"
)
_MAY_BE_PHONE = re.compile(r"\d-\d|[+(]\d|\b0\d{1,5}[ /]")
_AFTER_WORD = re.compile(
    r"(?i:\b(?:t[eé]l|tālr|puh|mobil|móvil|fax)\w{0,9}[.:]{0,2}) (\d[\d /-]{4,20}\d)(?![\w/-]|[.,]\d)"
)
_ACCOUNT = re.compile(r"\b(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?|\d{4}(?:[ -]\d{4}){3})\b")
_ADDRESS = re.compile(
    r"(?<![\w@])(?:[\w.!+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|@[\w.]{1,40}\w"
    r"|(?:https?://|www\.)[^\s<>\"]{1,200}[\w/]|(?:[\w-]{2,63}\.){1,3}(?:com|org|net|edu|gov|info|de|fr|es|it|pt|br|ch|at|eu)"
    r"(?:/[^\s<>\"]{0,200}[\w/])?)(?!\w|@)"
)
_WORDLIKE = re.compile(
    r"(?=\w{0,20}[aeiouyäöüáéíóúàèìòùâêîôûãõ])[^\W\d_]{4,40}|com|org|net|info|edu|gov", re.IGNORECASE
)


def addresses(text: str, rules: Language) -> str:
    """E-mail addresses, URLs and IP addresses: dots and other signs by name, what is no word letter by letter."""
    if rules.words.signs and ("." in text or "@" in text):
        text = _IP.sub(lambda match: _spelt(match[0], rules), text)
        if "@" in text or re.search(r"\w\.\w", text):
            text = _ADDRESS.sub(lambda match: _spelt(match[0], rules), text)
    return text


def _spelt(address: str, rules: Language) -> str:
    parts = re.findall(r"[^\W\d_]+|\d|_|[^\w\s]", address)
    return " ".join(_part(part, rules) for part in parts)


def _part(part: str, rules: Language) -> str:
    if part.isdecimal():
        return number_words.cardinal(int(part), rules.code)
    if not part.isalpha():
        return rules.words.signs.get(part, "")
    return part if _WORDLIKE.fullmatch(part) else " ".join(rules.words.letters.get(each.lower(), each) for each in part)


def telephones(text: str, rules: Language) -> str:
    """Telephone, card, bank account (IBAN) and serial numbers ("00123-456"), digit by digit."""
    if re.search(r"\d.?\d.?\d.?\d", text) is None:
        return text
    text = _AFTER_WORD.sub(lambda match: match[0].replace(match[1], _phone(match[1], rules)), text)
    text = _ACCOUNT.sub(lambda match: _account(match[0], rules), text)
    if _MAY_BE_PHONE.search(text) is None:
        return text
    return _PHONE.sub(lambda match: _phone(match[0], rules), text)


def _account(written: str, rules: Language) -> str:
    parts = re.findall(r"[A-Z]|\d{1,4}", written)
    return ", ".join(part if part.isalpha() else number_words.digits(part, rules.code) for part in parts)


def _phone(written: str, rules: Language) -> str:
    if not written.startswith(("+", "(")) and re.fullmatch(r"[12]\d{3}-[12]\d{3}", written):
        return written  # a range of years
    groups = re.findall(r"\d+", written)
    if written.startswith("+") and sum(map(len, groups)) < 7:
        return written  # a positive number
    spoken = [_phone_group(group, rules) for group in groups]
    if not written.startswith("+"):
        return ", ".join(spoken)
    if len(groups[0]) == 2:
        spoken[0] = number_words.cardinal(int(groups[0]), rules.code)
    return f"{rules.words.signs.get('+', '+')} {', '.join(spoken)}"


def _phone_group(group: str, rules: Language) -> str:
    if rules.paired_phones and len(group) == 2 and group[0] != "0":
        return number_words.cardinal(int(group), rules.code)
    return number_words.digits(group, rules.code)
