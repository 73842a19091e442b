"""Tags: parsed into passages, or refused with a reason; never read aloud."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.text.tag_syntax import BadTag, pause_tag, voice_tag, voices_in
from f5_pipeline.text.tags import TaggedPassage, split_at_tags, without_tags

# text with the first voice anna → (words without outer spaces, voice, pause before, pause after)
PASSAGES: list[tuple[str, list[tuple[str, str, float, float]]]] = [
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
    # a voice ends with [/voice]
    ("Hi. [voice: bob] Yo. [/voice] Bye.", [("Hi.", "anna", 0, 0), ("Yo.", "bob", 0, 0), ("Bye.", "anna", 0, 0)]),
    ("[voice: bob] Yo. [/voice][voice: carl] Bye. [/voice]", [("Yo.", "bob", 0, 0), ("Bye.", "carl", 0, 0)]),
    # a tag without effect
    ("Hi. [voice: anna] Bye.", [("Hi.  Bye.", "anna", 0, 0)]),
    # marks after a tag end the words before it
    ("Wait [pause 1s], please [pause 1s].", [("Wait,", "anna", 0, 1), ("please.", "anna", 0, 1)]),
    ("“Wait [pause 1s]!” he said.", [("“Wait!”", "anna", 0, 1), ("he said.", "anna", 0, 0)]),
    ("Wait [pause 1s] ...and go.", [("Wait", "anna", 0, 1), ("...and go.", "anna", 0, 0)]),
    ("... [pause 1s] and go.", [("...  and go.", "anna", 1, 0)]),
    # the pause at the end of a paragraph stays, unless there is a pause tag
    ("One.\n\n[voice: bob] Two.", [("One.", "anna", 0, 0.6), ("Two.", "bob", 0, 0)]),
    ("One. [voice: bob]\n\nTwo.", [("One.", "anna", 0, 0.6), ("Two.", "bob", 0, 0)]),
    ("One.\n[voice: bob]\nTwo.", [("One.", "anna", 0, 0), ("Two.", "bob", 0, 0)]),
    ("One.\n\n[pause 2s]\n\nTwo.", [("One.", "anna", 0, 2), ("Two.", "anna", 0, 0)]),
    ("One.\n\nTwo. [pause 2s] Three.", [("One.\n\nTwo.", "anna", 0, 2), ("Three.", "anna", 0, 0)]),
    # brackets
    ("See [[1]].", [("See [1].", "anna", 0, 0)]),
    ("[[pause 1s]] is written.", [("[pause 1s] is written.", "anna", 0, 0)]),
    ("A ] alone. [pause 1s] B", [("A ] alone.", "anna", 0, 1), ("B", "anna", 0, 0)]),
    ("]]", [("]]", "anna", 0, 0)]),  # without a tag, unchanged
    # a text without letters is refused elsewhere
    ("[pause 1s]", [("", "anna", 0, 0)]),
    ("[pause 1s] ...", [("...", "anna", 0, 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PASSAGES, ids=[text for text, _ in PASSAGES])
def test_a_text_is_split_at_its_tags(text: str, expected: list[tuple[str, str, float, float]]) -> None:
    passages = split_at_tags(text, "anna")
    assert [(p.text.strip(), p.voice, p.pause_before_seconds, p.pause_after_seconds) for p in passages] == expected


# text → (words without outer spaces, language, speed factor)
STYLES: list[tuple[str, list[tuple[str, str | None, float]]]] = [
    ("Say [language: fr] oui [/language] now.", [("Say", None, 1), ("oui", "fr", 1), ("now.", None, 1)]),
    ("[Language de-AT] Ja, [speed: 80%] gut [/ Language ].", [("Ja,", "de-AT", 1), ("gut.", "de-AT", 0.8)]),
    ("[speed: 125 %] Go [/speed]! [speed:62.5%] Stop.", [("Go!", None, 1.25), ("Stop.", None, 0.625)]),
    ("A [speed: 100%] b [language: fr][/language] c", [("A  b", None, 1), ("c", None, 1)]),
]


@pytest.mark.parametrize(("text", "expected"), STYLES, ids=[text for text, _ in STYLES])
def test_language_and_speed_last_until_they_end(text: str, expected: list[tuple[str, str | None, float]]) -> None:
    assert [(p.text.strip(), p.language, p.speed) for p in split_at_tags(text)] == expected


def test_a_text_without_tags_is_unchanged() -> None:
    assert split_at_tags(" a ]] b \n", None) == [TaggedPassage(" a ]] b \n", None)]


def test_the_first_voice_may_be_unnamed() -> None:
    assert [passage.voice for passage in split_at_tags("Hi. [voice: bob] Yes.")] == [None, "bob"]
    assert [passage.voice for passage in split_at_tags("[voice: bob] Yes.")] == ["bob"]


BAD = [
    ("[laughs] Hello.", "The tag '[laughs]' is unknown"),
    ("[] a", "The tag '[]' is unknown"),
    ("[1] a", "The tag '[1]' is unknown"),
    ("[pauze 1s] a", "The tag '[pauze 1s]' is unknown"),
    ("[pause\u200b 1s] a", "no valid duration"),  # an invisible character in it
    ("[pause] a", "The tag '[pause]' has no valid duration"),
    ("[pause 1] a", "no valid duration"),
    ("[pause 0,8s] a", "no valid duration"),
    ("[pause -1s] a", "no valid duration"),
    ("[pause 1e3s] a", "no valid duration"),
    ("[pause １s] a", "no valid duration"),
    ("[pause nan s] a", "no valid duration"),
    ("[pause 1 minute] a", "no valid duration"),
    ("[pause 0s] a", "'[pause 0s]' must be 0.01 to 60 seconds long"),
    ("[pause 9ms] a", "must be 0.01 to 60 seconds long"),
    ("[pause 60.5s] a", "must be 0.01 to 60 seconds long"),
    ("[pause 999999999s] a", "must be 0.01 to 60 seconds long"),
    ("a" + "[pause 60s]" * 11, "600 seconds"),
    ("[voice] a", "The tag '[voice]' has no voice name"),
    ("[voice: ] a", "has no voice name"),
    ("[language] a", "must be a language code"),
    ("[language: German!] a", "The language of the tag '[language: German!]' must be a language code such as 'en'"),
    ("[speed: fast] a", "The tag '[speed: fast]' has no valid speed; write [speed: 80%]"),
    ("[speed: 0.8] a", "has no valid speed"),
    ("[speed: 9%] a", "The speed of the tag '[speed: 9%]' must be 10% to 1000%"),
    ("[/pause] a", "The tag '[/pause]' is unknown"),
    ("a [voice: bob][/voice]", "Nothing is said after [voice: bob]"),
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
        split_at_tags(text, "anna")
    assert reason in str(caught.value)


def test_tags_are_removed_from_a_displayed_text() -> None:
    assert without_tags("Wait [pause 1s], please. [voice: bob] See [[1]].") == "Wait, please. See [1]."
    assert without_tags("plain ]] text") == "plain ]] text"
    assert without_tags("[laughs] a") == "[laughs] a"  # an invalid tag stays


def test_the_voices_of_a_text_are_found_even_if_other_tags_are_invalid() -> None:
    assert voices_in("[voice: bob] a [laughs] [Voice carl] [pause 1s] [[voice: dora]]") == ["bob", "carl"]


def test_written_tags_can_be_read() -> None:
    text = f"A {pause_tag(0.75)} b {voice_tag('bob')} c {pause_tag(1)} d"
    assert text == "A [pause 0.75s] b [voice: bob] c [pause 1s] d"
    read = [(passage.voice, passage.pause_after_seconds) for passage in split_at_tags(text)]
    assert read == [(None, 0.75), (None, 0), ("bob", 1), ("bob", 0)]


def test_no_text_or_pause_is_lost_or_added() -> None:
    """Random texts: all words, marks and pauses are kept in order, or the text is refused."""
    rng = random.Random(11)
    tags = ["[pause 1s]", "[voice: anna]", "[voice: bob]"]
    words = ["Hello. ", "there, ", "you ", "...", "\n\n", "[[", "]]"]
    refused = 0
    for _ in range(3_000):
        parts = ["[[", *rng.choices([*words, *tags], k=rng.randint(1, 12))]
        try:
            passages = split_at_tags("".join(parts), "anna")
        except BadTag:
            refused += 1
            continue
        written = "".join(part for part in parts if part in words).replace("[[", "[").replace("]]", "]")
        texts = ["".join(passage.text for passage in passages), written]
        assert len({"".join(text.split()) for text in texts}) == 1
        if any(c.isalpha() for c in written):
            pauses = [s for p in passages for s in (p.pause_before_seconds, p.pause_after_seconds) if s != 0.6]
            assert sum(pauses) == parts.count("[pause 1s]")
    assert 0 < refused < 2_900
