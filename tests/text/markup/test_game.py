"""Tags, placeholders, escapes and ruby of games and spreadsheets."""

from __future__ import annotations

import pytest

from tests.text.markup.reading import read

# written → what it becomes
SPOKEN = [
    # Ren'Py: a wait for a click has no length, a timed one is a pause
    ("Good morning.{w} Sit{fast} down.{nw}", "Good morning. Sit down."),
    ("Good morning.{w=0.5} Sit down.{p=2} Eat.", "Good morning.[pause 0.5s] Sit down.[pause 2s] Eat."),
    ("First.{p}Second.", "First. Second."),
    ("{i}Never{/i}, {color=#f00}never{/color}, {size=+4}never{/size}!", "Never, never, never!"),
    ("{rb}東京{/rb}{rt}とうきょう{/rt}へ{#note}", "とうきょうへ"),
    # BBCode
    ("[b]Now[/b] [i]or[/i] [font_size=9]never[/font_size][br][url=https://example.org]here[/url]", "Now or never here"),
    ("[wave amp=50]Hello[/wave] [code]there[/code]", "Hello there"),
    # RPG Maker
    ("\\C[2]Gold\\C[0] and \\I[12]iron \\FS[24]bar", "Gold and iron bar"),
    # Yarn
    ("Gold and iron #line:0a1b2c", "Gold and iron"),
    # subtitles
    ("{\\an8}{\\i1}Go!{\\i0\\b1}", "Go!"),
    # escapes
    ("One.\\nTwo.\\tThree. \\\"Four\\\" caf\\u00e9 \\ud83d\\ude00", 'One. Two. Three. "Four" café 😀'),
    ("One.\\\\nTwo.\\r\\n", "One. Two."),
    ("One._x000D__x000A_Two_x0009_three_x005F_four", "One. Two three_four"),
    ("Hello\\.\\.\\. wait\\| now\\! 1\\. \\(a\\) \\U0001F600", "Hello... wait now! 1. (a) 😀"),
    ("C:\\new\\table and \\\\server\\notes, not D:\\nThen", "C:\\new\\table and \\\\server\\notes, not D: Then"),
    # ruby
    ("漢字《かんじ》を読む。｜山田太郎《やまだたろう》へ。", "かんじを読む。やまだたろうへ。"),
    ("{東京|とうきょう}へ{行|い}く", "とうきょうへいく"),
    ("私は 東京[とうきょう]へ 行[い]く", "私はとうきょうへいく"),
    ("小説《草枕》と《題》", "小説《草枕》と《題》"),  # titles
    # no placeholders
    ("https://example.org/a%20d", "https://example.org/a%20d"),
    ("50% down, 5%, 100 % sure, 20%discount, 3 %", "50% down, 5%, 100 % sure, 20%discount, 3 %"),
    ("It costs $5 or $6$, in US$ and C$.", "It costs $5 or $6$, in US$ and C$."),
    ("The set {1, 2, 3} and 10^{3}", "The set {1, 2, 3} and 10^{3}"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SPOKEN)
def test_game_tags_escapes_and_ruby_are_not_read_aloud(written: str, expected: str) -> None:
    assert read(written) == expected


# a text → its placeholder, as the reason shows it
PLACEHOLDERS = [
    ("Hello, {name}!", "{name}"),
    ("{0} of {1:N2}", "{0}"),
    ("{1:N2} coins", "{1:N2}"),
    ("{i} alone is no italics", "{i}"),
    ("{gold!t} coins", "{gold!t}"),
    ("{player.name}", "{player.name}"),
    ("Got {}.", "{}"),
    ("{{ user }}", "{{ user }}"),
    ("${total}", "${total}"),
    ("{% if x %}a", "{% if x %}"),
    ("<%= name %>", "<%= name %>"),
    ("{n, plural, one {# day} other {# days}}", "{n, plural …}"),
    ("You have %d coins", "%d"),
    ("100 %d", "%d"),
    ("Dear %1$s,", "%1$s"),
    ("%(name)s", "%(name)s"),
    ("%PLAYER% wins", "%PLAYER%"),
    ("%-5.2f", "%-5.2f"),
    ("Hi $name$.", "$name$"),
    ("Wait for [player_name].", "[player_name]"),
    ("[player.name] [hero1]", "[player.name]"),
    ("[playerName]", "[playerName]"),
    ("{$gold} coins", "{$gold}"),
    ("Dear «FirstName»,", "«FirstName»"),
    ("Dear <<last_name>>,", "<<last_name>>"),
    ("<<if $met>>Hi", "<<if $met>>"),
    ("{Hi|Hello} there", "{Hi|Hello}"),
    ("Dear *|FNAME|*,", "*|FNAME|*"),
    ("\\N[1] speaks", "\\\\N[1]"),
]


@pytest.mark.parametrize(("written", "placeholder"), PLACEHOLDERS)
def test_a_placeholder_is_refused_with_the_reason(written: str, placeholder: str) -> None:
    expected = f"refused: The placeholder '{placeholder}' has no value; write the words to speak in its place"
    assert read(written) == expected
