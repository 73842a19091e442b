"""Markdown (CommonMark with tables and strikethrough), read by markdown-it into sentences and paragraphs.

HTML in it and ``*emphasis*`` stay for later steps; characters without a meaning in Markdown are protected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from f5_pipeline.text.markup.common import ended, literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: The definition of a footnote, with further lines, and with paragraphs that are indented by four spaces.
FOOTNOTE = re.compile(
    r"^ {0,3}\[\^([^\]\s]{1,40})\]:.*(?:\n(?:[ \t]*\n)*(?: {4}|\t).*|\n(?! {0,3}(?:\[\^|#))[ \t]*\S.*)*", re.MULTILINE
)
_TASK = re.compile(r"^([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_NEXT_CELL = ", "
_BLOCK_ENDS = {
    **dict.fromkeys(("paragraph_close", "heading_close", "table_close"), "\n\n"),
    **dict.fromkeys(("bullet_list_close", "ordered_list_close"), "\n"),
}
_EMPHASIS = ("em_open", "em_close")  # "directions" decides if it is one


def from_markdown(text: str, notes: list[str]) -> str:
    """The text of a Markdown document; paragraphs are separated by blank lines.

    Items of lists and rows of tables end like sentences; a comma separates cells. The numbers of a list are spoken.

    Args:
        text: as written.
        notes: gets a sentence for each footnote, which is not spoken.
    """
    text = FOOTNOTE.sub(lambda match: _left_out(match[1], notes), _TASK.sub(r"\1", text))
    parts: list[str] = []
    for token in parser().parse(text):
        _add(token, parts)
    return "".join(parts).strip()


def read_inline(token: Token) -> str:
    """The text of a paragraph or a heading, without marks of emphasis."""
    return _inline(token.children or ()).replace("*", "").strip()


def _left_out(name: str, notes: list[str]) -> str:
    notes.append(f"The footnote {name!r} is not spoken.")
    return ""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The parser of Markdown, made once."""
    from markdown_it import MarkdownIt

    # Without "text_join", escaped characters remain tokens of their own.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")


def _add(token: Token, parts: list[str]) -> None:
    """Add the text of one block token."""
    if token.type == "inline" and token.content:
        parts.append(_inline(token.children or ()))
    elif token.type in ("fence", "code_block"):
        parts.append(f"{literal(token.content)}\n\n")
    elif token.type == "html_block":
        parts.append(f"{token.content}\n\n")
    elif token.type == "list_item_open" and token.info:
        parts.append(f"{token.info}. ")
    elif token.type in ("td_close", "th_close") and parts and parts[-1][-1:] not in (" ", "\n"):
        parts.append(_NEXT_CELL)
    elif token.type == "tr_close" or (token.type == "paragraph_close" and token.hidden):  # hidden: in a list
        if parts[-1:] == [_NEXT_CELL]:
            parts.pop()
        parts.append(f"{ended(parts.pop())}\n" if parts else "")
    elif token.type in _BLOCK_ENDS:
        parts.append(_BLOCK_ENDS[token.type])


def _inline(tokens: Sequence[Token]) -> str:
    return "".join(map(_span, tokens))


def _span(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "image":
        return _inline(token.children or ())
    if token.type in ("code_inline", "text_special"):
        return literal(token.content)
    if token.type in ("text", "html_inline"):
        return token.content
    return "*" if token.type in _EMPHASIS else ""
