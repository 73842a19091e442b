"""SSML becomes our own tags and words, or is refused with the reason."""

from __future__ import annotations

import pytest

from f5_pipeline.text.markup.interpret import interpret
from tests.text.markup.reading import notes, read

# inside of <speak> → what it becomes
SPOKEN = [
    ("Mind the step.", "Mind the step."),
    # breaks
    ('One. <break time="500ms"/> Two.', "One. [pause 0.5s] Two."),
    ("One. <break time='+1.5s'></break>Two.", "One. [pause 1.5s]Two."),
    ("One. <break/> Two.", "One. [pause 0.5s] Two."),
    ('One. <break strength="x-strong"/> Two.', "One. [pause 1.2s] Two."),
    ('One <break strength="none"/> two.', "One two."),
    ('One <break time="0ms"/> two.', "One two."),
    # sentences and paragraphs
    ("<p><s>We left</s><s>It rained!</s></p>", "We left. It rained!"),
    ("<s>雨が降った</s><s>帰ろう</s>", "雨が降った。 帰ろう。"),
    # rate: words are absolute, percentages relative
    ('<prosody rate="slow">Easy.</prosody> Now.', "[speed: 80%]Easy.[/speed] Now."),
    ('<Prosody Rate="slow">Easy.</Prosody> Now.', "[speed: 80%]Easy.[/speed] Now."),
    ('<prosody rate="90%">Easy.</prosody>', "[speed: 90%]Easy.[/speed]"),
    ('<prosody rate="-10%">Easy.</prosody>', "[speed: 90%]Easy.[/speed]"),
    ('<prosody rate="1.2">Quick.</prosody>', "[speed: 120%]Quick.[/speed]"),
    (
        '<prosody rate="50%">a <prosody rate="150%">b</prosody> c</prosody>',
        "[speed: 50%]a [speed: 75%]b[speed: 50%] c[/speed]",
    ),
    (
        '<prosody rate="50%">a <prosody rate="fast">b</prosody></prosody>',
        "[speed: 50%]a [speed: 125%]b[speed: 50%][/speed]",
    ),
    ('<prosody volume="loud">Hey!</prosody>', "Hey!"),
    # voices and languages return to those around them
    ('Hi. <voice name="bob">Yes? <voice name="carl">No.</voice> Oh.</voice> Bye.',
     "Hi. [voice: bob]Yes? [voice: carl]No.[voice: bob] Oh.[/voice] Bye."),
    ('Say <lang xml:lang="fr-FR">bonjour</lang>, please.', "Say [language: fr-FR]bonjour[/language], please."),
    ('<p xml:lang="de">Guten Tag</p>', "[language: de] Guten Tag [/language]"),
    # other words
    ('<sub alias="Doctor Who">Dr. W.</sub> called.', "Doctor Who called."),
    ('<sub alias="[pause 1s] &lt;b&gt;">x</sub>', "[[pause 1s]] <b>"),
    # dropped or kept
    ("Do <emphasis level='strong'>not</emphasis> move<mark name='here'/>.", "Do not move."),
    ('<audio src="bell.mp3">A bell.</audio>', "A bell."),
    ("<metadata>made by hand</metadata>Hello.", "Hello."),
    ("<amazon:effect name='whispered'>psst</amazon:effect>", "psst"),
    ("<b>HTML</b> in it<br/>works", "HTML in it works"),
    # characters
    ("Tom &amp; Jerry &lt;b&gt;&nbsp;&#233;", "Tom & Jerry <b> é"),
    ("_x000D_ Two _x000A_words", "Two words"),
    ("<![CDATA[3 < 4 & <b>]]>", "3 < 4 & <b>"),
    ("<!-- not this -->That.", "That."),
    ("[laughs] Stop. [pause 1s] Go.", "Stop. [pause 1s] Go."),
]  # fmt: skip


@pytest.mark.parametrize(("inner", "expected"), SPOKEN)
def test_elements_become_tags_and_words(inner: str, expected: str) -> None:
    assert read(f"<speak>{inner}</speak>") == expected


def test_a_document_may_have_a_declaration_and_a_language() -> None:
    document = '<?xml version="1.0"?>\n<!-- x -->\n<speak version="1.1" xml:lang="de-DE">Hallo.</speak>'
    assert read(document) == "[language: de-DE]Hallo.[/language]"


def test_blank_lines_of_xml_are_no_paragraphs() -> None:
    assert interpret("<speak>\n\n  One.\n\n  Two.\n</speak>").text == " One. Two. "


def test_ssml_needs_no_root_if_the_batch_says_that_it_is_ssml() -> None:
    assert read("<s>We left</s> 3 &lt; 4", "ssml") == "We left. 3 < 4"
    assert read("3 < 4", "ssml").startswith("refused: The SSML is malformed at line 1, column")


# (language, attributes of <say-as>, written) → what it becomes
SAY_AS = [
    ("en", 'interpret-as="characters"', "SQL", "S Q L"),
    ("en", 'interpret-as="spell-out"', "ab 12ß", "A B 1 2 ß"),
    ("de", 'interpret-as="digits"', "1984", "1 9 8 4"),
    ("en", 'interpret-as="cardinal"', "1984", "1,984"),
    ("en", 'interpret-as="number"', "12,345", "12,345"),
    ("fr", 'interpret-as="cardinal"', "21", "vingt et un"),
    ("en", 'interpret-as="cardinal"', "1.5", "1.5"),
    ("en", 'interpret-as="ordinal"', "1", "1st"),
    ("en", 'interpret-as="ordinal"', "112", "112th"),
    ("en", 'interpret-as="ordinal"', "1003", "1,003rd"),
    ("fr", 'interpret-as="ordinal"', "2", "deuxième"),
    ("zh", 'interpret-as="ordinal"', "3", "第3"),
    ("xx", 'interpret-as="ordinal"', "3", "3"),
    ("en", 'interpret-as="telephone"', "(555) 010-0199", "5 5 5, 0 1 0, 0 1 9 9"),
    ("en", 'interpret-as="telephone"', "+44 20", "+4 4, 2 0"),
    ("en", 'interpret-as="date" format="mdy"', "3/4/2024", "2024-03-04"),
    ("en", 'interpret-as="date" format="dmy"', "3.4.24", "2024-04-03"),
    ("en", 'interpret-as="date"', "20240304", "2024-03-04"),
    ("en", 'interpret-as="date" format="dm"', "3/4", "April 3"),
    ("de", 'interpret-as="date" format="md"', "4-3", "3. April"),
    ("fr", 'interpret-as="date" format="my"', "4/2024", "avril 2024"),
    ("xx", 'interpret-as="date" format="dm"', "3/4", "3/4"),
    ("en", 'interpret-as="date" format="dm"', "30/2", "30/2"),
    ("en", 'interpret-as="number" format="telephone"', "555-010", "5 5 5, 0 1 0"),
    ("en", 'interpret-as="time" format="hms12"', "2:30pm", "2:30pm"),
    ("en", 'interpret-as="fraction"', "1/2", "1/2"),
]


@pytest.mark.parametrize(("language", "attributes", "written", "expected"), SAY_AS)
def test_say_as_becomes_what_the_language_reads_as_asked(
    language: str, attributes: str, written: str, expected: str
) -> None:
    assert read(f"<speak><say-as {attributes}>{written}</say-as></speak>", language=language) == expected


def test_say_as_follows_the_language_around_it() -> None:
    text = '<speak><lang xml:lang="fr"><say-as interpret-as="ordinal">2</say-as></lang></speak>'
    assert read(text) == "[language: fr]deuxième[/language]"


# inside of <speak> → a part of the reason
REFUSED = [
    ("Tom & Jerry", "malformed at line 1, column 13: not well-formed (invalid token); write &amp; for &"),
    ("One\n<p>Two", "malformed at line 2, column 9: mismatched tag; close the elements in the reverse order"),
    ("</speak><speak>", "put all text into one <speak>"),
    ("&nosuch;", "undefined entity"),
    ('<brek time="1s"/>', "The SSML element <brek> is unknown. Did you mean 'break'?"),
    ('<break time="3"/>', "The time '3' of a <break> is invalid; write 800ms or 0.8s"),
    ('<break strength="huge"/>', "The strength 'huge' of a <break> is unknown; use one of none, x-weak"),
    ('<break time="90s"/>', "must be 0.01 to 60 seconds long"),
    ('<prosody rate="brisk">a</prosody>', "The rate 'brisk' of a <prosody> is unknown"),
    ('<prosody rate="5%">a</prosody>', "must be 10% to 1000%"),
    ("<voice gender='female'>a</voice>", "A <voice> does not name a voice of the store"),
    ("<voice name='a] b'>a</voice>", "A <voice> does not name a voice of the store"),
    ("<voice name='bob'></voice>", "Nothing is said after [voice: bob]"),
    ("<lang xml:lang='German!'>a</lang>", "must be a language code such as 'en'"),
    ("<sub>a</sub>", "The <sub> of 'a' has no alias"),
    ('<phoneme ph="x">pecan</phoneme>', "The <phoneme> of 'pecan' cannot be spoken"),
    ('<audio src="bell.mp3"/>', "The <audio> 'bell.mp3' cannot be played in a line"),
    ('<say-as interpret-as="expletive">darn</say-as>', "asks to hide 'darn' by a beep"),
    ("<p>" * 10_000 + "</p>" * 10_000, "More than 100 elements are open within each other"),
]


@pytest.mark.parametrize(("inner", "reason"), REFUSED, ids=[inner[:30] for inner, _ in REFUSED])
def test_what_cannot_be_spoken_is_refused_with_the_reason(inner: str, reason: str) -> None:
    refused = read(f"<speak>{inner}</speak>")
    assert refused.startswith("refused: ")
    assert reason in refused


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE speak [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><speak>&b;</speak>',
        '<?xml version="1.0"?><!DOCTYPE speak SYSTEM "file:///etc/hostname"><speak>a</speak>',
    ],
)
def test_no_entity_can_be_declared_and_no_file_opened(document: str) -> None:
    assert read(document) == "refused: The SSML has a <!DOCTYPE>, which can declare entities; remove it"


def test_what_is_left_out_is_noted() -> None:
    assert notes('<speak><prosody pitch="high" volume="loud">a</prosody></speak>') == (
        "F5-TTS has no control of pitch and volume; the <prosody> is spoken as usual.",
    )
    assert notes('<speak><say-as interpret-as="secret">a</say-as></speak>') == (
        "A <say-as> of the unknown kind 'secret' is spoken as written.",
    )
    assert notes("<speak><x:loud>a</x:loud></speak>") == (
        "The element <x:loud> of another speech system is ignored; its text is spoken.",
    )
    assert notes('<speak><audio src="a.mp3">a</audio><lexicon uri="x"/></speak>') == (
        "The <audio> 'a.mp3' is replaced by the text in it.",
        "A <lexicon> is ignored; pronunciations come from the pronunciation dictionary.",
    )
