"""Placeholders of templates and games: ``{name}``, ``{0}``, ``%s``, ``$name$``, ``[player_name]``.

They have no value in a manifest, so that a row with one cannot be spoken.
"""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import BadMarkup, shown, words_of

_BRACED = re.compile(
    r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{%[^{}]*%\}|\{\s*\}|<%[^<>]*%>"  # ${name}, {{ name }}, {% if … %}
    r"|\{[^{}|]*[^{}|\s]\|(?=[^\s{}])[^{}]*\}"  # {Hi|Hello}: one of several texts
    r"|\{\s*[\w.]+\s*,\s*(?:plural|select|selectordinal|number|date|time|choice)\b"  # a message of ICU
    # {0}, {name}, {gold!t}, {0:F2}, but not the exponent of a formula: 10^{3}
    r"|(?<![\^_])\{\s*(?:\d+|\$?[^\W\d][\w.-]*(?:\[\w*\])?(?:\(\))?)\s*(?:![a-z]+)?(?::[^{}]*)?\}"
)
_NOT_IN_WORD = r"(?<![\w%])"
_PERCENT = re.compile(
    r"(?<![\d%])%(?:\d{1,2}\$)?[-+#]?(?:ll|[lhz])?[sdifuxXeEgGcp@](?![A-Za-z%])"  # %s, %1$s
    r"|(?<![\w%])%[-+#0]{0,3}\d{0,3}(?:\.\d{1,2})?[sdifuxXeEgG](?![A-Za-z%])"  # %5d, %.2f, but not a%20d of an address
    r"|%\([A-Za-z_]\w{0,40}\)[sdif]"
    rf"|{_NOT_IN_WORD}%[A-Za-z_]\w{{1,40}}%(?!\w)",
    re.ASCII,
)
_DOLLAR = re.compile(rf"{_NOT_IN_WORD}\$[A-Za-z_]\w{{1,40}}\$(?!\w)", re.ASCII)
# «FirstName», <<First_Name>>, and the commands of Yarn: <<if $met>>, <<jump Cave>>
_MERGED = re.compile(
    r"«\s*(?=\w*_|\w*[a-z][A-Z])\w+\s*»|<<\s*(?=\w*_|\w*[a-z][A-Z])\w+\s*>>"
    r"|<<\s*(?:if|else|elseif|endif|set|declare|jump|stop|wait)\b[^<>]*>>",
    re.ASCII,
)
_MAILCHIMP = re.compile(r"\*\|\w[\w:]*\|\*", re.ASCII)
_RPG_MAKER = re.compile(r"\\[vnpVNP]\[\d{1,4}\]", re.ASCII)
# [player_name], [player.name], [hero1], [playerName], [gold!t]
_BRACKETED = re.compile(r"(?=.*[_!\d]|.*\.\w|[a-z]+[A-Z])[A-Za-z_][\w.]*(?:\[\w*\])?(?:![a-z]+)?", re.ASCII)
# [Name], [your company], [INSERT DATE HERE], [hero]: the fields of forms and letters, and the most usual ones of games
_FIELD_NAMES = words_of("""
    address amount city company country date email gold hero item link mc name nickname npc number phone player price
    product rival score surname title url username
    vorname nachname firma datum nombre apellido fecha nom prénom nome cognome имя фамилия дата 姓名 公司 日期 名前 氏名
    """)
_FIELD_WORDS = _FIELD_NAMES | words_of("""
    account birth business client contact customer current due employee enter event first full here insert invoice last
    middle month order recipient sender start street telephone type user website year your ihr su votre
    """)
# A mark without which a pattern cannot match, and the pattern.
_PATTERNS = (
    ("{", _BRACED),
    ("<%", _BRACED),
    ("%", _PERCENT),
    ("$", _DOLLAR),
    ("\\", _RPG_MAKER),
    ("«", _MERGED),
    ("<<", _MERGED),
    ("*|", _MAILCHIMP),
)


def refuse_placeholders(text: str) -> None:
    """Refuse a text with a placeholder in braces, with a percent sign or between dollar signs.

    Raises:
        BadMarkup: there is one.
    """
    for mark, pattern in _PATTERNS:
        if mark in text and (match := pattern.search(text)):
            raise without_value(match[0] if match[0][0] != "{" or match[0][-1] == "}" else f"{match[0]} …}}")


def is_placeholder(inner: str) -> bool:
    """True for the inside of square brackets that is the name of a variable or of the field of a form."""
    if len(inner) > 60:
        return False
    words = inner.lower().split()
    is_field = _FIELD_WORDS.issuperset(words) and not _FIELD_NAMES.isdisjoint(words)
    return is_field or _BRACKETED.fullmatch(inner) is not None


def without_value(placeholder: str) -> BadMarkup:
    """The reason to refuse a text with this placeholder."""
    return BadMarkup(f"The placeholder {shown(placeholder)} has no value; write the words to speak in its place")
