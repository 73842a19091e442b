"""HTML tags, entities and the tags of games in angle brackets; everything else in angle brackets is plain text."""

from __future__ import annotations

import pytest

from tests.text.markup.reading import notes, read

# written → what it becomes
SPOKEN = [
    ("The <b>red</b> <i class='x'>door</i>.", "The red door."),
    ('See <a href="https://example.org/?a=1&amp;b=2">the map</a>.', "See the map."),
    ("First.<br>Second.<br/>Third.<BR />", "First. Second. Third."),
    ("<p>First<p>Second</p>", "First Second"),
    ("<ul><li>salt<li>pepper</ul>", "salt. pepper."),
    ("<table><tr><th>Day<th>Rain<tr><td>Monday</td><td>3 mm</td></tr></table>", "Day, Rain. Monday, 3 mm."),
    ("He said <q>no</q>.", "He said “no”."),
    ("H<sub>2</sub>O on 5 m<sup>2</sup>", "H2O on 5 m²"),
    ("It is so.<sup>[4]</sup>", "It is so."),  # a footnote mark
    ("<math><mi>x</mi>=<mn>2</mn><annotation>x=2</annotation></math>", "x=2"),
    ("<glow=2>now</glow>", "now"),
    ('<img src="x.png" alt="A map"> of it', "A map of it"),
    ("One <script>if (a < b) {x}</script>two <style>p{}</style>three<!-- {four} -->.", "One two three."),
    ("Unclosed <b>bold and unopened</i> tags", "Unclosed bold and unopened tags"),
    # entities; what they stand for is no markup
    ("Salt &amp; pepper, it&#39;s five o&rsquo;clock.&nbsp;&#x44;inner!", "Salt & pepper, it's five o’clock. Dinner!"),
    ("&lt;b&gt; &#91;laughs&#93; &#123;name&#125;", "<b> [[laughs]] {name}"),
    ("a &amp;nbsp;b &amp;amp; c", "a b & c"),  # escaped twice
    ("AT&T, R&D; &nosuch; &", "AT&T, R&D; &nosuch; &"),
    # elements of SSML without <speak>
    ('Wait. <break time="1s"/> Press <emphasis>one</emphasis>.', "Wait. [pause 1s] Press one."),
    ('Wait. <break time="1s"> Now.', "Wait. [pause 1s] Now."),
    ('<prosody rate="slow">Please wait.</prosody>', "[speed: 80%]Please wait.[/speed]"),
    ("That is <s>wrong</s> right", "That is wrong right"),  # struck out, no sentence
    # games
    ("<color=#f00>Run!</color> <size=50%>now</size> <#0f0>go</color>", "Run! now go"),
    ('<sprite=3> <sprite name="coin"> ten coins', "ten coins"),
    ("<Shout>Run!</> <Quiet>softly</Quiet> <0>here</0>", "Run! softly here"),
    ("<laughs> You!", "You!"),
    # ruby: the reading is said
    ("<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>へ", "とうきょうへ"),
    ("<ruby>東<rt>ひがし</rt>京<rt>きょう</rt></ruby>", "ひがしきょう"),
    # no markup
    ("If x < 5 and y > 3, stop.", "If x < 5 and y > 3, stop."),
    ("x <y and z> w; a<b, b>c; <3 >_< <- --> <<quoted>>", "x <y and z> w; a<b, b>c; <3 >_< <- --> <<quoted>>"),
    ("a <b and c> d", "a <b and c> d"),
    ("Write to <info@example.org> or <https://example.org>.", "Write to <info@example.org> or <https://example.org>."),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SPOKEN)
def test_tags_and_entities_are_not_read_aloud(written: str, expected: str) -> None:
    assert read(written) == expected


REFUSED = [
    ("Well done, <player>!", "The placeholder '<player>' has no value"),
    ("Press <button> to open.", "The placeholder '<button>' has no value"),
    ("<Shout>Run!</> <player>", "The placeholder '<player>' has no value"),
    ("a <!-- b", "The '<!-- b' has no --> after it"),
    ("a <script>b", "The '<script>b' has no </script after it"),
    ("<phoneme ph='x'>pecan</phoneme>", "The <phoneme> of 'pecan' cannot be spoken"),
]


@pytest.mark.parametrize(("written", "reason"), REFUSED)
def test_a_placeholder_or_an_open_comment_is_refused(written: str, reason: str) -> None:
    assert f"refused: {reason}" in read(written)


def test_an_unknown_tag_is_noted() -> None:
    assert notes("<Shout>Run!</> <b>now</b>") == ("The tag '<Shout>' is not known and not spoken.",)
