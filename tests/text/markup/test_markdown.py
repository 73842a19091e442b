"""Markdown, as the batch's markup; and the part of it that is understood without being told."""

from __future__ import annotations

import pytest

from tests.text.markup.reading import notes, read

# written in a batch with markup = "markdown" → what it becomes
SPOKEN = [
    ("# Chapter One #\n\nIt *was* a **dark**, _dark_ ~~day~~ night.", "Chapter One It was a dark, dark day night."),
    ("Title\n=====\n\n- salt\n- pepper\n  - black", "Title salt. pepper. black."),
    ("* [ ] sweep\n* [x] mop", "sweep. mop."),
    ("1. Open it.\n2. Close it", "1. Open it. 2. Close it."),
    ("> Be brave,\n> she said.\n\n---\n\nYes.", "Be brave, she said. Yes."),
    ("|Day|Rain|\n|-|-|\n|Monday|3 mm|\n||none|", "Day, Rain. Monday, 3 mm. none."),
    ('[The map](https://x.org "x") ![of Rome](a.png) [here][1]\n\n[1]: https://x.org', "The map of Rome here"),
    ("Run `a < b` now.\n\n```sh\nls *.{name}\n```", "Run a < b now. ls *.{name}"),
    ("Six[^1] of them.[^two]\n\n[^1]: In May.\n    And June.\n[^two]: Or seven.", "Six of them."),
    (r"\*not\* \[laughs\] \<b> \# &lt;i&gt; &amp;", "*not* [[laughs]] <b> # <i> &"),
    ("A <b>bold</b> line[pause 1s] and [voice: bob] more", "A bold line[pause 1s] and [voice: bob] more"),
    ("*sighs* Well, *no*. [laughs]", "Well, no."),
    ("Hello, {name}", "refused: The placeholder '{name}' has no value; write the words to speak in its place"),
    ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SPOKEN)
def test_markdown_becomes_sentences(written: str, expected: str) -> None:
    assert read(written, "markdown") == expected


def test_blocks_of_markdown_are_paragraphs() -> None:
    from f5_pipeline.text.markup.interpret import interpret

    text = "# One\n\nTwo,\nthree.\n- four\n\nFive."
    assert interpret(text, "markdown").text == "One\n\nTwo,\nthree.\n\nfour.\n\nFive."


def test_a_footnote_is_noted() -> None:
    assert notes("Six[^1].\n\n[^1]: In May.", "markdown") == (
        "The footnote '1' is not spoken.",
        "The footnote mark '[^1]' is not spoken.",
    )


# written in a batch without a setting → what it becomes
UNAMBIGUOUS = [
    ("A *very* **long**, __long__ _day_ and ***more***.", "A very long, long day and more."),
    ("**bold with *more* in it** ~~gone~~", "bold with more in it gone"),
    ("これは**重要**です", "これは重要です"),
    ("Run `a*b_c*` and ``{x}``.", "Run a*b_c* and {x}."),
    ("[The map](https://example.org/a_(b)) ![Rome](a.png)", "The map Rome"),
    ("## Part two ##", "Part two."),
    (r"\*no\* \[b\] 50\% \# \_x\_", "*no* [[b]] 50% # _x_"),
    ("# Part One\n\nIt rained.", "Part One. It rained."),
    # not Markdown
    ("2 * 3 * 4, a*b*c, 2**3**4, snake_case_name, _", "2 * 3 * 4, a*b*c, 2**3**4, snake_case_name, _"),
    ("A 4* hotel, 50%* off.* Terms* apply", "A 4* hotel, 50%* off.* Terms* apply"),
    ("#1 of #tags, # of items", "#1 of #tags, # of items"),
    ("It is ~5 or ~6, `one' or `two'", "It is ~5 or ~6, `one' or `two'"),
]


@pytest.mark.parametrize(("written", "expected"), UNAMBIGUOUS)
def test_markdown_beyond_doubt_needs_no_setting(written: str, expected: str) -> None:
    assert read(written) == expected
