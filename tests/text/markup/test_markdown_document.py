"""A Markdown document is split into blocks and sections."""

from __future__ import annotations

from f5_pipeline.text.markup.markdown_document import Block, blocks_of

BOOK = """\
---
author: nobody
---
# The Book

By [nobody][1].

## One: *Début*

It rained
all day.

- salt
- pepper

### A detail

| Day | Rain |
|-----|------|
| 1   | 3 mm |

***

## One: Debut

> Yes[^1].

[^1]: Or
no.

    Or so.

[1]: https://example.org

第三章
------
"""


def test_blocks_keep_their_markdown_and_have_the_section_of_their_chapter() -> None:
    assert blocks_of(BOOK) == [
        Block("# The Book", "the-book", "The Book"),
        Block("By nobody.", "the-book", "The Book"),
        Block("## One: *Début*", "one-debut", "One: Début"),
        Block("It rained\nall day.", "one-debut", "One: Début"),
        Block("- salt\n- pepper", "one-debut", "One: Début"),
        Block("### A detail", "one-debut", "One: Début"),
        Block("| Day | Rain |\n|-----|------|\n| 1   | 3 mm |", "one-debut", "One: Début"),
        Block("## One: Debut", "one-debut-2", "One: Debut"),
        Block("> Yes[^1].", "one-debut-2", "One: Debut"),
        Block("第三章\n------", "section", "第三章"),
    ]


def test_a_document_without_headings_has_no_section() -> None:
    assert blocks_of("One.\n\nTwo [three].") == [Block("One.", "", ""), Block("Two [three].", "", "")]


def test_the_only_headings_begin_sections() -> None:
    sections = [block.section for block in blocks_of("Before.\n\n## One\n\nText.\n\n### Detail\n")]
    assert sections == ["", "one", "one", "one"]


def test_front_matter_has_no_blank_line_after_its_mark() -> None:
    assert blocks_of("+++\ntitle = 'a'\n+++\n\nOne.") == [Block("One.", "", "")]
    assert blocks_of("---\n\nOne.\n\n---\n\nTwo.") == [Block("One.", "", ""), Block("Two.", "", "")]


def test_a_document_of_front_matter_has_no_blocks() -> None:
    assert blocks_of("---\ntitle: a\n---\n") == []
