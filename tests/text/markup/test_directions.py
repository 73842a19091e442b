"""Directions and footnote marks: dropped with a note, rejected or spoken; ordinary brackets stay."""

from __future__ import annotations

import pytest

from f5_pipeline.text.markup.interpret import interpret
from tests.text.markup.reading import notes, read

# written → what it becomes by default
DROPPED = [
    # square brackets: a sound anywhere, another phrase between sentences
    ("[laughs] You really thought so?", "You really thought so?"),
    ("I don't [sighs heavily] know.", "I don't know."),
    ("[WHISPERS] Not here. [GUNSHOT] Run!", "Not here. Run!"),
    ("[Voices in the distance] What?", "What?"),
    ("[to the crowd] Friends! [in a low voice] Fools.", "Friends! Fools."),
    ("That was all. [door slams]", "That was all."),
    ("[SFX: door] Who? JOHN (V.O.): I. (O.S.) Me. (CONT'D) Us.", "Who? JOHN: I. Me. Us."),
    ("[Applause.] Thanks! Well [phone ringing] hello. (door creaks) Who?", "Thanks! Well hello. Who?"),
    ("Wow, [excited] that is it! So [inaudible 00:12:30] it is. [♪♪]", "Wow, that is it! So it is."),
    ("[lacht] Na gut. [ríe] Vale. [rit] Bon. [смеётся] Ладно.", "Na gut. Vale. Bon. Ладно."),
    ("そうです[笑]。ありがとう（笑）。［音楽］はい。", "そうです。ありがとう。はい。"),
    ("(हँसते हुए) हाँ। [संगीत] ठीक।", "हाँ। ठीक।"),
    # parentheses: a sound by its words alone
    ("(sighs) Well. (clears his throat) I (laughs) can't.", "Well. I can't."),
    ("(quietly) Come in. (aside) He knows.", "Come in. He knows."),
    ("(laughing nervously) Yes! (Applause)", "Yes!"),
    # asterisks: apart from a sentence
    ("*coughs* Hello! *clears throat* Well, *sighs*, fine.", "Hello! Well, fine."),
    ("*walks over to the window* It rains.", "It rains."),
    ('"Go," *shrugs* "or stay."', '"Go," "or stay."'),
    # no space before a mark, no doubled mark
    ("I can't [sighs]. It hurts. [groans]. Help, [gasps], please!", "I can't. It hurts. Help, please!"),
    ("[laughs], you fool", "you fool"),
    ("[*sighs*] Well (see [3]).", "Well (see)."),
    # footnote marks
    ("It rained.[3] They left[4][5] in May.[12, 13] Then [6–8] not.", "It rained. They left in May. Then not."),
    ("The end.[a] So he said.[iv] Now [emphasis added].", "The end. So he said. Now."),
    ("The end.[a] So he said.[citation needed] He [sic] left.", "The end. So he said. He left."),
    ("They came [note 3] at ten.[better source needed] [00:01:05] Then [?] not.", "They came at ten. Then not."),
    ("It rained.¹ They left², or so “they said.”³", "It rained. They left, or so “they said.”"),
    ("Ten euros†, or twelve.‡", "Ten euros, or twelve."),
    ("²And it was so. ¹⁷They left.\n³ See page 5.", "And it was so. They left. See page 5."),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), DROPPED)
def test_directions_and_footnote_marks_are_dropped(written: str, expected: str) -> None:
    assert read(written) == expected
    assert notes(written)


SPOKEN = [
    ("The (very) old man (about 80) left (by the door).", "The (very) old man (about 80) left (by the door)."),
    ("A patient (coughing) came; row 4 (laugh) is new.", "A patient (coughing) came; row 4 (laugh) is new."),
    ("(Sadly) he plays (music). A (breath) test.", "(Sadly) he plays (music). A (breath) test."),
    ("He *laughs* at that, she was *laughing* and *kind*.", "He laughs at that, she was laughing and kind."),
    ("*Laughing*, she left.", "Laughing, she left."),
    ("*Opening* the door is hard. *stands out* and shines", "Opening the door is hard. stands out and shines"),
    ("See [[laughs]] and [[3]].", "See [[laughs]] and [[3]]."),
    ("[T]he dog walk[ed] home [...] again.", "The dog walked home ... again."),
    ("E = mc², a² + b², 120m², 5 km³, 3 feet², 10³, min²", "E = mc², a² + b², 120m², 5 km³, 3 feet², 10³, min²"),
    ("¹⁴C and ³He", "¹⁴C and ³He"),
    ("It happened in † 1945.", "It happened in † 1945."),
    ("Wait. [pause 1s] [voice: bob] Yes.", "Wait. [pause 1s] [voice: bob] Yes."),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SPOKEN)
def test_what_is_no_direction_is_spoken_without_a_note(written: str, expected: str) -> None:
    assert read(written) == expected
    assert notes(written) == ()


# The brackets of an editor.
EDITORIAL = [
    ("He ate [the cake] alone. We met [Anna]", "He ate the cake alone. We met Anna"),
    ("[They] were late, [as always]. [I] heard [the gunfire].", "They were late, as always. I heard the gunfire."),
    ("[a note to whoever reads this] Hello.", "(a note to whoever reads this) Hello."),
    ("It was 20 °C [68 °F], in [0, 1], in [1998].", "It was 20 °C (68 °F), in (0, 1), in (1998)."),
    ("He left (as [the king] did, or *as [the queen] did*).", "He left (as the king did, or as the queen did)."),
    ("It began in [the 90s].", "It began in (the 90s)."),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), EDITORIAL)
def test_the_words_of_other_brackets_are_spoken_with_a_note(written: str, expected: str) -> None:
    assert read(written) == expected
    assert all("are spoken" in note for note in notes(written))
    assert notes(written)


# Brackets that are a tag of another system, a misspelt tag, or a field without a value: the row is refused.
REFUSED = [
    ("[pause] Hello.", "The tag '[pause]' has no valid duration"),
    ("[pasue 1s] Hello.", "The tag '[pasue 1s]' is unknown"),
    ("[vioce bob] Hello.", "The tag '[vioce bob]' is unknown"),
    ("Oh, [emotion: sad] no.", "The tag '[emotion: sad]' is unknown"),
    ("Oh, [hold 500ms] no.", "The tag '[hold 500ms]' is unknown"),
    ("Oh, [/em] no.", "The tag '[/em]' is unknown"),
    ("Oh, [tone style=sad] no.", "The tag '[tone style=sad]' is unknown"),
    ("Dear Mr. [Last Name],", "The placeholder '[Last Name]' has no value"),
    ("[COMPANY] Hello.", "The placeholder '[COMPANY]' has no value"),
    ("Hallo [Vorname]!", "The placeholder '[Vorname]' has no value"),
    ("Run, [hero]!", "The placeholder '[hero]' has no value"),
    ("Call [your phone number here].", "The placeholder '[your phone number here]' has no value"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "reason"), REFUSED)
def test_tags_and_fields_are_refused(written: str, reason: str) -> None:
    assert f"refused: {reason}" in read(written)


def test_the_batch_decides_what_happens_to_directions() -> None:
    written = "[laughs] You! *sighs* (coughs) Now.[3] Then.¹"
    assert read(written, directions="speak") == "laughs You! sighs coughs Now.3 Then.¹"
    for text, shown in (("[laughs] You!", "direction '[laughs]'"), ("Now.[3]", "mark '[3]'"), ("Now.¹", "mark '¹'")):
        refused = read(text, directions="reject")
        assert refused.startswith("refused: The text has the")
        assert f"{shown}; remove it, or set directions = 'drop'" in refused


def test_notes_name_each_direction_once_and_count_the_rest() -> None:
    assert notes("[laughs] A. [laughs] B.[3]") == (
        "The direction '[laughs]' is not spoken.",
        "The footnote mark '[3]' is not spoken.",
    )
    many = interpret("".join(f"A.[{n}]" for n in range(30))).notes
    assert len(many) == 6
    assert many[-1] == "Not spoken, too: 25 more of these."
