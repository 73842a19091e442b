"""Splits a Markdown document into blocks, each with the section that its headings give it.

A block is a paragraph, a list, a table, a quote, a piece of code or a heading, as written: ``markdown`` reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from f5_pipeline.text.markup.markdown import FOOTNOTE, parser, read_inline

# YAML or TOML. A blank line after the mark makes it a line between scenes.
_FRONT_MATTER = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n(?![ \t]*\n)(?:(?!\1[ \t]*$).*\n)*?\1[ \t]*$", re.MULTILINE)
_REFERENCE = re.compile(r"(!?)\[([^\[\]\n]{1,200})\](?:\[([^\[\]\n]{0,200})\])?(?![\[(:])")
_NOT_SLUG = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_SLUG, _LONGEST_TITLE = 60, 250  # characters


@dataclass(frozen=True)
class Block:
    """A part of a document, as written."""

    text: str
    section: str  # a slug; "" before the first section
    title: str  # of the section; "" before the first section


@dataclass(frozen=True)
class _Part:
    """The lines of one block; the level (1 to 6) and the text of a heading."""

    text: str
    level: int = 0
    heading: str = ""


def blocks_of(document: str) -> list[Block]:
    """The blocks of a Markdown document, in order.

    Sections begin at the headings of the highest level that has more than one, and at those above it: at chapters,
    and at the title of the book. Front matter and the definitions of links and footnotes are left out.
    """
    parts = list(_parts(FOOTNOTE.sub("", _FRONT_MATTER.sub("", document, count=1))))
    levels = Counter(part.level for part in parts if part.level)
    lowest = next((level for level in sorted(levels) if levels[level] > 1), min(levels, default=0))
    blocks: list[Block] = []
    section, title, names = "", "", Counter[str]()
    for part in parts:
        if 0 < part.level <= lowest:
            title = part.heading[:_LONGEST_TITLE]
            section = _unique(_slug(title), names)
        blocks.append(Block(part.text, section, title))
    return blocks


def _parts(document: str) -> Iterator[_Part]:
    """The blocks at the outermost level."""
    environment: dict[str, Any] = {}
    tokens = parser().parse(document, environment)
    lines = document.split("\n")
    for token, following in zip(tokens, [*tokens, None][1:], strict=True):
        if token.level or token.map is None or token.nesting < 0 or token.type == "hr":
            continue
        text = "\n".join(lines[slice(*token.map)]).strip("\n")
        text = _without_references(text, environment.get("references", {}))
        heading = read_inline(following) if token.type == "heading_open" and following else ""
        yield _Part(text, int(token.tag[1:]) if heading else 0, heading)


def _without_references(text: str, references: Mapping[str, Any]) -> str:
    """The text with links such as ``[text][label]``, which are defined elsewhere, replaced by their text."""
    if not references or "[" not in text:
        return text
    from markdown_it.common.utils import normalizeReference

    def replacement(match: re.Match[str]) -> str:
        return match[2] if normalizeReference(match[3] or match[2]) in references else match[0]

    return _REFERENCE.sub(replacement, text)


def _slug(title: str) -> str:
    """A safe name from a title: its letters and digits without accents; "section" for other scripts."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("-", plain).strip("-").lower()[:_LONGEST_SLUG].rstrip("-") or "section"


def _unique(slug: str, names: Counter[str]) -> str:
    """The slug, with a number from its second use on."""
    names[slug] += 1
    if names[slug] == 1:
        return slug
    return _unique(f"{slug}-{names[slug]}", names)
