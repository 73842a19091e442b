"""The words of stage directions: sounds and actions of a speaker that are not words to speak."""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import words_of

# Verbs: each counts in the forms sigh, sighs, sighing, sighed.
_VERBS = words_of("""
    applaud babble bawl blink blush boo breathe burp cackle chant cheer choke chortle chuckle clap cough
    cringe croak cry exhale fart fidget flinch frown gag gasp giggle glare gloat grimace grin groan
    growl grumble grunt guffaw gulp gurgle hesitate hiccup hiss holler howl hum inhale jeer kiss laugh moan mumble
    murmur mutter nod pause pout purr roar scoff scowl scream screech shiver shout shriek shrug shudder shush
    sigh sing slurp smack smile smirk snarl sneer sneeze snicker sniff sniffle snigger snivel snore snort sob sputter
    squeal stammer stutter swallow wail weep wheeze whimper whine whisper whistle whoop wince wink yawn yell yelp
""")
# Acts, which count at the beginning of a longer description: walks, walking.
_ACTIONS = words_of("""
    bow bite climb close dance drag draw drink drop eat enter exit fall fold gesture get give glance go grab hand hold
    hug hurry jump kneel knock lean leave lick lift light listen look lower make march move notice open pace pat pick
    place play point pour press pull push put raise reach read rest return roll rub run rush scratch search set shake
    shut sit slam smell stand stare start step stop stretch stroke take tap tear throw tilt toss touch turn wait wake
    walk wave wipe write
""")
_OTHER_WORDS = words_of("""
    laughter applause crosstalk inaudible unintelligible indistinct offscreen offstage voiceover
    sarcastic sarcastically whispered clears clearing wept sung sang shook breathless
    lacht lachend lachen gelächter seufzt seufzend seufzen hustet hustend flüstert flüsternd weint weinend schluchzt
    räuspert kichert kichernd murmelt schreit stöhnt gähnt niest schnieft beifall applaus
    rit rires rire riant soupire soupir soupirant tousse toux chuchote chuchotant murmure sanglote pleure pleurant crie
    applaudissements ricane gémit renifle bâille
    ríe risas risa riendo suspira suspiro suspirando tose susurra susurrando solloza llora llorando grita gime bosteza
    aplausos
    risate ridendo sospira sospiro tossisce sussurra sussurrando singhiozza piange piangendo urla geme sbadiglia
    applausi
    ri risos rindo tosse sussurra soluça chora chorando geme boceja aplausos
    смеётся смеется смех вздыхает вздох кашляет кашель шепчет шёпотом шепотом плачет рыдает кричит стонет зевает
    хихикает бормочет аплодисменты
    हँसी हंसी हँसते हंसते हँसकर रोते तालियाँ तालियां
    笑 笑い 笑う 笑い声 苦笑 爆笑 ため息 溜息 咳 泣く 拍手 囁き 沈黙
    笑声 大笑 苦笑 叹气 叹息 咳嗽 哭泣 低语 掌声 沉默 웃음 한숨 기침 속삭임 박수
""")
# Nouns that are also words of a sentence: a direction where they stand apart, "(music) Good evening."
_NOUNS = words_of("""
    beat silence music breath breaths musik stille musique música musica silencio silenzio pausa музыка тишина пауза
    音楽 音乐 음악 संगीत
    """)
# The last words of a sound that is no speaker's: "phone ringing", "upbeat music"; and a typist's remarks.
_NOISES = words_of("""
    barking barks beeping beeps chatter chimes chiming clicking clicks creaking creaks explosion explosions fades
    footsteps gunfire gunshot gunshots honking honks inaudible knocking knocks music playing plays ringing rings rumbles
    rumbling siren sirens slamming slams static thunder unclear phonetic ph
    """)
_DETERMINERS = words_of("a an the this that these those my your his her its our their no some any")
# How something is said: a direction where it stands apart, "(quietly) Come in."
_MANNERS = words_of("""
    aside angrily calmly coldly excitedly gently happily hoarsely loudly nervously quietly sadly softly sternly weakly
    wearily
""")
# How a speaker feels: a direction where it stands apart, "Wow, [excited] that is great".
_MOODS = words_of("""
    amused angry annoyed anxious bored calm cheerful confused crying curious desperate disappointed excited frightened
    frustrated happy hopeful hurt impatient mischievous nervous panicked playful relieved sad scared serious shocked
    shy sleepy surprised tearful thoughtful tired worried
""")
# Marks of a screenplay. O.S. is "old style" in dates, so that it counts only where it stands apart.
_SCREENPLAY_ANYWHERE, _SCREENPLAY = frozenset(("v.o.", "cont'd", "cont’d")), frozenset(("o.s.", "o.c.", "vo", "os"))
_LABELLED = re.compile(r"(?:sfx|s/fx|fx|sound effects?|sound|music|bgm|ambience)\s*:.*", re.DOTALL)
_TIME = re.compile(r"\d{1,2}(?::\d\d){1,2}", re.ASCII)
# Words that can stand beside such a word: "clears his throat", "in a low whisper", "laughs and then coughs".
_BESIDE = words_of("""
    a an the his her their its my your in to with at of on off out up down into from for under over through then
    and or again more while still audience crowd throat nose breath tears voice himself herself themselves itself
    deep low long short loud soft quiet heavy nervous bitter evil sad happy hard big small little slight awkward
    dramatic sharp sudden sharply hysterical maniacal muffled distant faint head shoulders hands lips eyes teeth
    हुए away back everyone both all very too mock fake
    """)
_MOST_WORDS, _MOST_WORDS_OF_ACTION = 5, 8
_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0df3])"  # with the vowel signs of Indian scripts
_WORD = re.compile(rf"{_LETTER}+(?:['’-]{_LETTER}+)*")
_SEPARATED = re.compile(r"[\s,;.!…/]+")


def _third(verb: str) -> str:
    """The third person: sigh, sighs."""
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x")) else f"{verb}s"


def _ing(verb: str) -> set[str]:
    """The forms in -ing, without care for those that do not exist: humming, huming."""
    stem = verb[:-1] if verb.endswith("e") else verb
    return {f"{stem}ing", f"{verb}{verb[-1]}ing"}


def _past(verb: str) -> set[str]:
    stem = verb[:-1] if verb.endswith("e") else verb
    return {f"{verb[:-1]}ied" if verb.endswith("y") else f"{stem}ed", f"{verb}{verb[-1]}ed"}


_UNMISTAKABLE = _OTHER_WORDS.union(map(_third, _VERBS))  # in parentheses, also within a sentence
_SOUNDS = _UNMISTAKABLE.union(_VERBS, _MANNERS, _NOUNS, *map(_ing, _VERBS), *map(_past, _VERBS))
_ACTS = frozenset(map(_third, _VERBS | _ACTIONS)).union(*map(_ing, _VERBS | _ACTIONS))


def is_sound(text: str) -> bool:
    """True for a direction by its words alone: at most five, one of them a sound or action, the others beside it.

    Adverbs in -ly can stand beside it: "laughs", "sighs heavily", "clears his throat". So are a mark of a screenplay
    ("V.O.") and what has the label of a sound ("SFX: door").
    """
    text = text.strip().lower()
    if text in _SCREENPLAY_ANYWHERE or text in _SCREENPLAY or _LABELLED.fullmatch(text):
        return True
    words = [word for word in _SEPARATED.split(_TIME.sub("", text)) if word]
    if not 0 < len(words) <= _MOST_WORDS or not all(map(_WORD.fullmatch, words)):
        return False
    others = [word for word in words if word not in _SOUNDS]
    return len(others) < len(words) and all(word in _BESIDE or word.endswith("ly") for word in others)


def is_unmistakable(text: str) -> bool:
    """True for a sound that has a verb in the third person, or a noun: "laughs", not "laughing" or "laugh"."""
    text = text.strip().lower()
    return text in _SCREENPLAY_ANYWHERE or any(word in _UNMISTAKABLE for word in _SEPARATED.split(text))


def is_mood(text: str) -> bool:
    """True for a word in small letters that says how a speaker feels: "excited"."""
    return text in _MOODS


def is_noise(text: str) -> bool:
    """True for a phrase that ends with the word of a noise: "phone ringing", not "the music"."""
    words = [word for word in _SEPARATED.split(text.lower()) if word]
    return 0 < len(words) <= _MOST_WORDS and words[-1] in _NOISES and words[0] not in _DETERMINERS


def is_action(text: str) -> bool:
    """True for up to eight words that begin with a sound or an act: "walks over to the window"."""
    words = [word for word in _SEPARATED.split(text.strip()) if word]
    return 0 < len(words) <= _MOST_WORDS_OF_ACTION and words[0] in _ACTS


def is_short_phrase(text: str) -> bool:
    """True for one to five words of letters."""
    words = [word for word in _SEPARATED.split(text.strip()) if word]
    return 0 < len(words) <= _MOST_WORDS and all(map(_WORD.fullmatch, words))
