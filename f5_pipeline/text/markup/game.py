"""Tags in braces of Ren'Py (``{w}``, ``{p=2.0}``, ``{i}…{/i}``) and in brackets of BBCode (``[b]…[/b]``)."""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import words_of
from f5_pipeline.text.tag_syntax import SHORTEST_PAUSE, pause_tag

_BRACED = re.compile(r"\{(?P<end>/?)(?P<name>[a-z]+|#)(?P<value>=[^{}]*|(?<=#)[^{}]*|)\}")
_RUBY = re.compile(r"\{rb\}[^{}]*\{/rb\}\{rt\}([^{}]*)\{/rt\}")
_PAIRED = words_of("a alpha alt art axis b color cps feature font i k noalt outlinecolor s size u shader")
_SINGLE = frozenset(("clear", "done", "fast", "image", "nw", "plain", "space", "vspace"))
_SECONDS = re.compile(r"=\s*(\d{1,4}(?:\.\d{1,6})?|\.\d{1,6})\s*", re.ASCII)
# Colours, icons and sizes of RPG Maker. \V[1], \N[1] and \P[1] are placeholders.
_ICON = re.compile(r"\\(?![vnpVNP]\[)[A-Za-z]{1,4}\[\d{1,4}\]", re.ASCII)
_LINE_ID = re.compile(r"\s#line:\w+\s*\Z", re.ASCII)  # of Yarn
_BBCODE = words_of("""
    b i u s center left right justify color colour size font font_size hint p code quote spoiler list img url email sub
    sup bgcolor fgcolor outline_color outline_size wave shake rainbow tornado fade pulse indent table cell ul ol br hr
    ruby
    """)
_BBCODE_ALONE = words_of("b i u s br hr")
_BBCODE_END = re.compile(r"\[/([a-z_]+)\]", re.IGNORECASE | re.ASCII)
_BBCODE_TAG = re.compile(r"(?P<end>/?)(?P<name>[a-z_]+)(?P<value>\s*=.*|(?:\s+\w+=\S+)+|)", re.IGNORECASE | re.ASCII)


def without_braces(text: str) -> str:
    """The text without the tags of Ren'Py; timed waits become pauses. A ``{name}`` that is no tag stays."""
    if "{" in text:
        text = _RUBY.sub(r"\1", text)
        ended = set(re.findall(r"\{/([a-z]+)\}", text))
        text = _BRACED.sub(lambda match: _braced(match, ended), text)
    if "#line:" in text:
        text = _LINE_ID.sub("", text)
    return _ICON.sub("", text) if "\\" in text else text


def _braced(match: re.Match[str], ended: set[str]) -> str:
    name, value = match["name"], match["value"]
    if name in ("w", "p") and not match["end"]:
        return _wait(value) + ("\n" if name == "p" else "")
    is_tag = name == "#" or (name in _PAIRED and (match["end"] or value or name in ended))
    if is_tag or (name in _SINGLE and not match["end"]):
        return " " if name in ("space", "vspace") else ""
    return match[0]


def _wait(value: str) -> str:
    """The pause of a timed wait, ``=2.0``; nothing for a wait for a click."""
    seconds = _SECONDS.fullmatch(value)
    return pause_tag(float(seconds[1])) if seconds and float(seconds[1]) >= SHORTEST_PAUSE else ""


def ended_in_brackets(text: str) -> frozenset[str]:
    """The names of BBCode that the text ends: ``[/b]``."""
    return frozenset(name.lower() for name in _BBCODE_END.findall(text))


def is_bbcode(inner: str, ended: frozenset[str]) -> bool:
    """True for the inside of square brackets that is a tag of BBCode.

    Args:
        inner: without the brackets.
        ended: the names that the text ends. A word such as "code" is a tag only with an end or a value.
    """
    tag = _BBCODE_TAG.fullmatch(inner) if len(inner) <= 200 else None
    if tag is None or (name := tag["name"].lower()) not in _BBCODE:
        return inner == "*"
    return bool(tag["end"] or tag["value"] or name in ended or inner in _BBCODE_ALONE)  # not the word [I]


def bbcode_text(inner: str) -> str:
    """What a tag of BBCode becomes: a line end for the ends of blocks, else nothing."""
    return "\n" if inner.strip("/").lower() in ("*", "br", "hr", "list", "quote", "table", "center", "cell") else ""
