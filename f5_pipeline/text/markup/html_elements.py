"""What the elements of HTML become: their text, with the ends of sentences and paragraphs that a reader sees."""

from __future__ import annotations

from collections.abc import Callable

from f5_pipeline.text.markup.common import ended, literal, words_of
from f5_pipeline.text.markup.element import Element

AMBIGUOUS = frozenset(("s", "sub", "meta", "desc", "w", "token"))  # not as in SSML
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_WORDS = words_of("""
    a abbr acronym address b bdi bdo big cite code data del dfn em font i ins kbd label main nobr pre rb
    ruby s samp small span strike strong sub sup time tt u var wbr html body form button fieldset legend select area
    map meter progress output slot blink marquee link meta base col colgroup input hgroup math
""")
_PARAGRAPHS = words_of("""
    div center blockquote ul ol dl table section article aside header footer nav figure details dialog menu
    h1 h2 h3 h4 h5 h6
""")
_SENTENCES = words_of("li dt dd tr caption figcaption summary option")
_SILENT = words_of("""
    script style head title template noscript iframe object embed svg annotation canvas video source track param rp
    textarea area
""")


def spoken(element: Element, inner: str) -> str:
    """The text of an element, given the text in it."""
    return _ELEMENTS.get(element.name, _unchanged)(element, inner)


def _unchanged(element: Element, inner: str) -> str:
    return inner


def _nothing(element: Element, inner: str) -> str:
    return ""


def _paragraph(element: Element, inner: str) -> str:
    return f"\n\n{inner.strip()}\n\n"


def _sentence(element: Element, inner: str) -> str:
    return f"{ended(inner.strip().rstrip(','))}\n"


def _cell(element: Element, inner: str) -> str:
    """A cell of a table; a comma separates it from the next one."""
    inner = inner.strip()
    return f"{inner}, " if inner[-1:].isalnum() else f"{inner} "


def _superscript(element: Element, inner: str) -> str:
    """Digits as characters, so that powers are read and footnote marks are found: m², said.¹"""
    text = inner.strip().strip("[]")
    return text.translate(_SUPERSCRIPTS) if text.isascii() and text.strip("+-").isdigit() else inner


def _subscript(element: Element, inner: str) -> str:
    return literal(element.get("alias")) or inner


_ELEMENTS: dict[str, Callable[[Element, str], str]] = {
    **dict.fromkeys(_WORDS, _unchanged),
    **dict.fromkeys(_PARAGRAPHS, _paragraph),
    **dict.fromkeys(_SENTENCES, _sentence),
    **dict.fromkeys(_SILENT, _nothing),
    **dict.fromkeys(("td", "th"), _cell),
    "br": lambda element, inner: f"\n{inner}",
    "hr": lambda element, inner: f"\n\n{inner}",
    "img": lambda element, inner: literal(element.get("alt")) + inner,
    "q": lambda element, inner: f"“{inner}”",
    "rt": lambda element, inner: inner.strip(),
    "sup": _superscript,
    "sub": _subscript,
}
NAMES = frozenset(_ELEMENTS)
EMPTY = words_of("area base br col embed hr img input link meta param source track wbr")  # have no end tag
