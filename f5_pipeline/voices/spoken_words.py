"""What of a transcript was spoken: without the name of its speaker, and without descriptions of sounds.

Speech recognisers, captions and people add both. If they stay, the model speaks them, or mistakes the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_WORD = r"[^\W_][\w.'’-]*"
#: "Anna:", "- Anna Smith (laughing):", "[SPEAKER_00]:", "**Anna:**", at the beginning of a line or sentence.
_LABEL = re.compile(
    rf"(?:^|(?<=[.!?…”\"])[ \t]+)[ \t]*(?:(?:>>|[-–—])[ \t]*)?\*{{0,2}}"
    rf"(?:\[(?P<bracketed>[^\[\]\n]{{1,40}})\]|(?P<name>{_WORD}(?: {_WORD}){{0,2}}))"
    r"(?: ?\([^()\n]{1,30}\))? ?\*{0,2}[:：]\*{0,2}(?=\s|$)[ \t]*",
    re.MULTILINE,
)
_GENERIC = re.compile(
    r"(?:speaker|sprecher|sprecherin|locuteur|hablante|orador|голос|спикер|диктор)[ _-]?\w{1,3}", re.I
)
#: First words before a colon that begin a sentence: "Note: this is new." They are no names.
_OPENERS = (
    "note warning caution attention remember reminder important tip hint example question answer problem solution "
    "result conclusion summary fact rule step part chapter lesson number first second third finally today tomorrow "
    "listen look imagine think yes no one two three ps monday tuesday wednesday thursday friday saturday sunday "
    "hello hi welcome good breaking "
    "achtung hinweis wichtig merke beispiel frage antwort ergebnis schritt teil kapitel regel heute montag "
    "remarque exemple question réponse étape partie chapitre règle important "
    "nota atención ejemplo pregunta respuesta paso parte capítulo regla importante recuerda "
    "atenção exemplo pergunta resposta passo regra lembre attenzione esempio domanda risposta passo regola "
    "внимание важно пример вопрос ответ шаг часть глава правило"
)
_NO_NAMES = frozenset(_OPENERS.split())
_SQUARE = re.compile(r"\[[^\[\]\n]{0,80}\]|【[^【】\n]{0,80}】|[♩♪♫♬🎵🎶]+|>{2,3}")
_ROUND = re.compile(r"\([^()\n]{1,60}\)|（[^（）\n]{1,60}）|\*[^*\n]{1,60}\*")
_MAX_SOUND_WORDS = 3
#: Beginnings of words that describe a sound in round brackets or between asterisks; other such text is spoken.
_SOUND = re.compile(
    r"\b(?:laugh|chuckl|giggl|sigh|cough|sniff|sneez|gasp|breath|inhal|exhal|sob|cry\b|crying|groan|yawn|throat|"
    r"music|applau|cheer|clap|silence|pause|inaudible|unintelligible|indistinct|crosstalk|noise|beep|static|"
    r"lach|seufz|hust|räusper|atmet|musik|beifall|stille|unverständlich|"
    r"rires?\b|rit\b|soupir|tousse|respir|musique|ris[ao]s\b|suspir|tos\b|música|aplauso|risat|sospir|musica|"
    r"смех|сме[её]тся|вздох|вздыха|музыка|аплодисмент|кашл)|笑|音[乐楽樂]|掌声|拍手|沈黙|웃음|음악|박수",
    re.IGNORECASE,
)
_BEFORE_MARK = re.compile(r"\s+(?=[.,!?;:…])")
_SHOWN = 3


def spoken_words(parts: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The spoken words of each part, as one line each, and warnings about what was left out.

    A name before a colon at the beginning of a line is that of the speaker: up to three words, each with a capital or a
    digit first, and none that commonly begins a sentence ("Note: …"); or a name in square brackets.

    Args:
        parts: consecutive parts of one transcript, with their line ends.

    Raises:
        ValueError: the lines have two or more speakers. The message is a clause for the user.
    """
    labels = [label for part in parts for label in _speakers(part)]
    check_one_speaker(labels, " (if these words are spoken, write a comma after them, not a colon)")
    sounds: dict[str, None] = {}
    words = [_without_sounds(_without_label(part, labels[0]) if labels else part, sounds) for part in parts]
    return words, (*_label_warnings(labels[:1]), *_sound_warnings(list(sounds)))


def check_one_speaker(names: Iterable[str], hint: str = "") -> None:
    """Check that all names are of one speaker; ``hint`` is appended to the message.

    Raises:
        ValueError: there are two or more. The message is a clause for the user.
    """
    different = list({name.casefold(): name for name in names}.values())
    if len(different) > 1:
        raise ValueError(
            f"its transcript has more than one speaker ({different[0]!r} and {different[1]!r}), and a voice has one; "
            f"keep the words of one, and cut the recording to them{hint}"
        )


def _speakers(text: str) -> Iterator[str]:
    """The names of speakers at the beginnings of lines; within a line only if it begins with one."""
    if ":" not in text and "：" not in text:
        return
    for line in text.split("\n"):
        labels = list(_LABEL.finditer(line))
        if labels and labels[0].start() == 0 and _name(labels[0]):
            yield from filter(None, map(_name, labels))


def _name(match: re.Match[str]) -> str:
    """The name in a label; "" if it is none."""
    if match["bracketed"] is not None:
        return match["bracketed"].strip()
    return match["name"] if is_name(match["name"]) else ""


def is_name(text: str) -> bool:
    """True if a text before a colon is a speaker's name: see :func:`spoken_words`."""
    words = text.split()
    if _GENERIC.fullmatch(text):
        return True
    capitals = all(word[0].isupper() or word[0].isdigit() for word in words)
    return capitals and 0 < len(words) <= 3 and words[0][0].isupper() and words[0].lower() not in _NO_NAMES


def _without_label(text: str, name: str) -> str:
    return _LABEL.sub(lambda match: " " if _name(match).casefold() == name.casefold() else match[0], text)


def _without_sounds(text: str, found: dict[str, None]) -> str:
    """The text on one line without descriptions of sounds, which are added to ``found``."""

    def remove(match: re.Match[str]) -> str:
        found[match[0]] = None
        return " "

    count = len(found)
    text = _SQUARE.sub(remove, text)
    text = _ROUND.sub(lambda match: remove(match) if _is_sound(match[0]) else match[0], text)
    text = " ".join(text.split())
    return _BEFORE_MARK.sub("", text) if len(found) > count else text


def _is_sound(text: str) -> bool:
    return len(text.split()) <= _MAX_SOUND_WORDS and _SOUND.search(text) is not None


def _label_warnings(labels: Sequence[str]) -> Iterator[str]:
    for label in labels:
        yield (
            f"'{label}:' in its transcript is taken for the name of the speaker and ignored; if it is spoken, write a "
            "comma instead of the colon"
        )


def _sound_warnings(sounds: Sequence[str]) -> Iterator[str]:
    if sounds:
        shown = ", ".join(sounds[:_SHOWN]) + (", …" if len(sounds) > _SHOWN else "")
        yield f"parts of its transcript that are not spoken are ignored: {shown}"
