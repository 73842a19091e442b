"""What concerns all kinds of markup: ordinary text is unchanged, and hostile text takes linear time."""

from __future__ import annotations

import pytest

from f5_pipeline.text.markup.common import BadMarkup
from f5_pipeline.text.markup.interpret import Interpreted, Markup, interpret
from tests.languages.english_cases import CASES
from tests.text.markup.reading import read

# Texts with a character that some markup uses.
ORDINARY = [
    "It costs $5 (about €4.60), i.e. 20% less & more.",
    "If 3 < 4 and 5 > 2, then x^2 ~ 9 | y.",
    "#1 on May 5th; C# and F#; 5 * 3; the * key; a_b; ~40; back\\slash; {see below}",
    "He (John) and she (Ann, 40) met (twice!) in (about) 1999.",
    "“No,” she said — and left… ‘Why?’",
    "On 5 m² at 10⁻³ bar: E = mc², x³.",
    "《草枕》は小説です。",
    "Il dit « Bonjour », puis «Salut».",
    "I <3 you >_< -->",
    "Ask info@example.org or https://example.org/a_b?c=d&e=f#g.",
    'f(x) = {x | x > 0} and {"json": 1}',
]


@pytest.mark.parametrize("text", [*ORDINARY, *(written for written, _ in CASES if not written.startswith("*"))])
def test_an_ordinary_text_is_unchanged(text: str) -> None:
    assert interpret(text) == Interpreted(text)


@pytest.mark.parametrize("text", ["<b>a</b> &amp; {name} *b* [[c]] \\n", "[pause 1s] <speak>", "x" * 9])
def test_plain_text_has_no_markup(text: str) -> None:
    assert interpret(text, "plain") == Interpreted(text)


def test_kinds_of_markup_can_be_mixed() -> None:
    assert read("<b>*Wow*</b>{w=1} [sighs] &lt;b&gt; **so\\nwhat**[1]") == "Wow[pause 1s] <b> **so what**"
    assert read("<speak>[b]*Wow*[/b] (sighs) {p=1}now</speak>") == "Wow [pause 1s] now"


def test_a_character_that_protects_others_is_refused() -> None:
    with pytest.raises(BadMarkup, match=r"U\+FDD2"):
        interpret("a \ufdd2 b")


# Each is repeated to 50,000 characters, the longest text. If a step takes quadratic time, this test does not end.
HOSTILE = (
    *("{", "*", "[", "(", "_", "`", "~", "#", "%", "$", "\\", "|", "《", "（", "]", "**", "[[", "{{", "${", "\n", "¹"),
    *("{i}", "{a", "{a,", "{%", "{rb}a{/rb}{rt}", "{漢|か", "{漢", "{  ", "{\\a", "[b]", "[a]", "[x=", "[x a=b "),
    *("[laughs]", "«a", "*a", "*a*", " *a", "(a", "(laughs)", "*laughs* ", "`a", "``a", "[a](", "![", "[](x", "[^1]"),
    *("[^1]: x\n", "\\n", "\\u", "_x000D_", "\\\\a\\", "C:\\", "漢", "漢《", "《か》", "a¹", "¹,", "†", "%s", "%(a"),
    *("$a", "# ", "## #", "> ", "- ", "1. ", "|a", "a|b\n-|-\n"),
)  # fmt: skip
HOSTILE_ELEMENTS = (
    *("<", "<a ", "<!--", "<![CDATA[", "<script>", "</b>", "<b>", "<li>", "<ruby>a<rt>b", "<a='", '<a="x', "a<b "),
    *("<x>a</>", "<break/>", "<amazon:x>", "<p>", "&", "&amp;", "&#", "&amp;amp;"),
)
KINDS: tuple[tuple[Markup, tuple[str, ...]], ...] = (
    ("auto", HOSTILE + HOSTILE_ELEMENTS),
    ("markdown", HOSTILE + HOSTILE_ELEMENTS),
    ("ssml", HOSTILE_ELEMENTS),
)


@pytest.mark.parametrize(("markup", "unit"), [(markup, unit) for markup, units in KINDS for unit in units])
def test_hostile_text_is_read_or_refused_in_linear_time(markup: Markup, unit: str) -> None:
    text = "x " + (unit * 50_000)[:50_000]
    assert len(read(text, markup)) < 3 * len(text)
