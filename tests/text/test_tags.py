"""Tags: taken apart, refused with a reason, never read aloud."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.text.tags import BadTag, Stretch, pause_tag, stretches, voice_tag, voices_in, without_tags

# text, spoken first by anna → (words, voice, silence before, silence after), blanks at the ends not counting
APART: list[tuple[str, list[tuple[str, str, float, float]]]] = [
    ("Hello there.", [("Hello there.", "anna", 0, 0)]),
    ("Wait. [pause 0.8s] Now.", [("Wait.", "anna", 0, 0.8), ("Now.", "anna", 0, 0)]),
    ("Wait.[pause 800ms]Now.", [("Wait.", "anna", 0, 0.8), ("Now.", "anna", 0, 0)]),
    ("Wait. [ PAUSE : .8 S ] Now.", [("Wait.", "anna", 0, 0.8), ("Now.", "anna", 0, 0)]),
    ("Wait. [pause 1s][pause 0.5s] [pause 250ms] Now.", [("Wait.", "anna", 0, 1.75), ("Now.", "anna", 0, 0)]),
    ("[pause 1s] Now.", [("Now.", "anna", 1, 0)]),
    ("Now. [pause 2s]", [("Now.", "anna", 0, 2)]),
    ("[pause 1s] Now. [pause 2s]", [("Now.", "anna", 1, 2)]),
    ("Hi. [voice: bob] Yo. [voice anna] Bye.", [("Hi.", "anna", 0, 0), ("Yo.", "bob", 0, 0), ("Bye.", "anna", 0, 0)]),
    ("[voice: bob] Hello.", [("Hello.", "bob", 0, 0)]),
    ("[pause 1s] [voice: bob] [pause 1s] Hello.", [("Hello.", "bob", 2, 0)]),
    ("Hi. [voice: bob] Yes. [pause 1s] Yes.", [("Hi.", "anna", 0, 0), ("Yes.", "bob", 0, 1), ("Yes.", "bob", 0, 0)]),
    # a tag that changes nothing
    ("Hi. [voice: anna] Bye.", [("Hi.  Bye.", "anna", 0, 0)]),
    # marks behind a tag end what is before it
    ("Wait [pause 1s], please [pause 1s].", [("Wait,", "anna", 0, 1), ("please.", "anna", 0, 1)]),
    ("“Wait [pause 1s]!” he said.", [("“Wait!”", "anna", 0, 1), ("he said.", "anna", 0, 0)]),
    ("Wait [pause 1s] ...and go.", [("Wait", "anna", 0, 1), ("...and go.", "anna", 0, 0)]),
    ("... [pause 1s] and go.", [("...  and go.", "anna", 1, 0)]),
    # the pause at the end of a paragraph stays, unless a pause is asked for
    ("One.\n\n[voice: bob] Two.", [("One.", "anna", 0, 0.6), ("Two.", "bob", 0, 0)]),
    ("One. [voice: bob]\n\nTwo.", [("One.", "anna", 0, 0.6), ("Two.", "bob", 0, 0)]),
    ("One.\n[voice: bob]\nTwo.", [("One.", "anna", 0, 0), ("Two.", "bob", 0, 0)]),
    ("One.\n\n[pause 2s]\n\nTwo.", [("One.", "anna", 0, 2), ("Two.", "anna", 0, 0)]),
    ("One.\n\nTwo. [pause 2s] Three.", [("One.\n\nTwo.", "anna", 0, 2), ("Three.", "anna", 0, 0)]),
    # brackets
    ("See [[1]].", [("See [1].", "anna", 0, 0)]),
    ("[[pause 1s]] is written.", [("[pause 1s] is written.", "anna", 0, 0)]),
    ("A ] alone. [pause 1s] B", [("A ] alone.", "anna", 0, 1), ("B", "anna", 0, 0)]),
    ("]]", [("]]", "anna", 0, 0)]),  # without an opening one, as it is
    # nothing to say is left to others to refuse
    ("[pause 1s]", [("", "anna", 0, 0)]),
    ("[pause 1s] ...", [("...", "anna", 0, 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), APART, ids=[text for text, _ in APART])
def test_a_text_is_taken_apart(text: str, expected: list[tuple[str, str, float, float]]) -> None:
    found = [(s.text.strip(), s.voice, s.pause_before_seconds, s.pause_after_seconds) for s in stretches(text, "anna")]
    assert found == expected


def test_a_text_without_tags_stays_as_it_is() -> None:
    assert stretches(" a ]] b \n", None) == [Stretch(" a ]] b \n", None)]


def test_nobody_need_be_named_before_the_first_tag() -> None:
    assert [stretch.voice for stretch in stretches("Hi. [voice: bob] Yes.")] == [None, "bob"]
    assert [stretch.voice for stretch in stretches("[voice: bob] Yes.")] == ["bob"]


BAD = [
    ("[laughs] Hello.", "The tag '[laughs]' is unknown; there are [pause 0.8s] and [voice: NAME], and [[ and ]] for"),
    ("[] a", "The tag '[]' is unknown"),
    ("[1] a", "The tag '[1]' is unknown"),
    ("[pauze 1s] a", "The tag '[pauze 1s]' is unknown"),
    ("[pause\u200b 1s] a", "is no pause"),  # an invisible character in it
    ("[pause] a", "The tag '[pause]' is no pause; write [pause 0.8s] or [pause 800ms]"),
    ("[pause 1] a", "is no pause"),
    ("[pause 0,8s] a", "is no pause"),
    ("[pause -1s] a", "is no pause"),
    ("[pause 1e3s] a", "is no pause"),
    ("[pause １s] a", "is no pause"),
    ("[pause nan s] a", "is no pause"),
    ("[pause 1 minute] a", "is no pause"),
    ("[pause 0s] a", "The pause of '[pause 0s]' must be 0.01 to 60 seconds long"),
    ("[pause 9ms] a", "must be 0.01 to 60 seconds long"),
    ("[pause 60.5s] a", "must be 0.01 to 60 seconds long"),
    ("[pause 999999999s] a", "must be 0.01 to 60 seconds long"),
    ("a" + "[pause 60s]" * 11, "The pauses of the text are longer than 600 seconds together"),
    ("[voice] a", "The tag '[voice]' names no voice; write [voice: NAME]"),
    ("[voice: ] a", "names no voice"),
    ("a [voice: bob]", "Nothing is said after [voice: bob]"),
    ("a [voice: bob] ...", "Nothing is said after [voice: bob]"),
    ("[voice: bob][voice: carl] a", "Nothing is said between [voice: bob] and [voice: carl]"),
    ("a [voice: bob] [pause 1s] [voice: anna] b", "Nothing is said between [voice: bob] and [voice: anna]"),
    ("a [pause 1s b", "The '[' before 'pause 1s b' is not closed; write [[ for a bracket"),
    ("a [pause [voice: b]] b", "is not closed; write [[ for a bracket"),
    (f"[{'x' * 100}] a", f"The tag '[{'x' * 40}…]' is unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[text[:30] for text, _ in BAD])
def test_a_bad_tag_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadTag) as caught:
        stretches(text, "anna")
    assert reason in str(caught.value)


def test_what_is_shown_to_readers_has_no_tags() -> None:
    assert without_tags("Wait [pause 1s], please. [voice: bob] See [[1]].") == "Wait, please. See [1]."
    assert without_tags("plain ]] text") == "plain ]] text"
    assert without_tags("[laughs] a") == "[laughs] a"  # it is never spoken


def test_the_voices_of_a_text_are_found_even_if_its_tags_are_wrong() -> None:
    assert voices_in("[voice: bob] a [laughs] [Voice carl] [pause 1s] [[voice: dora]]") == ["bob", "carl"]


def test_tags_are_written_as_they_are_read() -> None:
    text = f"A {pause_tag(0.75)} b {voice_tag('bob')} c {pause_tag(1)} d"
    assert text == "A [pause 0.75s] b [voice: bob] c [pause 1s] d"
    read = [(stretch.voice, stretch.pause_after_seconds) for stretch in stretches(text)]
    assert read == [(None, 0.75), (None, 0), ("bob", 1), ("bob", 0)]


def test_nothing_is_lost_or_added_whatever_the_tags() -> None:
    """Random texts: all words and marks come out in their order, and all silence; or the text is refused."""
    rng = random.Random(11)
    tags = ["[pause 1s]", "[voice: anna]", "[voice: bob]"]
    words = ["Hello. ", "there, ", "you ", "...", "\n\n", "[[", "]]"]
    refused = 0
    for _ in range(3_000):
        parts = ["[[", *rng.choices([*words, *tags], k=rng.randint(1, 12))]
        try:
            found = stretches("".join(parts), "anna")
        except BadTag:
            refused += 1
            continue
        written = "".join(part for part in parts if part in words).replace("[[", "[").replace("]]", "]")
        said = ["".join(stretch.text for stretch in found), written]
        assert len({"".join(text.split()) for text in said}) == 1
        if any(c.isalpha() for c in written):
            pauses = [p for s in found for p in (s.pause_before_seconds, s.pause_after_seconds) if p != 0.6]
            assert sum(pauses) == parts.count("[pause 1s]")
    assert 0 < refused < 2_900
