"""Tags and entities of HTML, and tags of games that look alike, found in a text that is not valid XML.

Only what is a tag by its name counts: "x < 5" and "<3" are plain text.
"""

from __future__ import annotations

import html
import re

from f5_pipeline.text.markup import html_elements, ssml_elements
from f5_pipeline.text.markup.common import BadMarkup, literal, shown, words_of
from f5_pipeline.text.markup.elements import Builder
from f5_pipeline.text.markup.placeholders import without_value
from f5_pipeline.text.markup.vocabulary import is_sound

_TOKEN = re.compile(
    r"<!--|<[!?][A-Za-z][^<>]*>"
    r"|(?<!<)<(?P<end>/?)(?P<name>[A-Za-z#][\w:#.-]*|\d{1,2}(?=[\s/>])|)(?P<rest>[^<>]*)>(?!>)"
    r"|&(?:amp;)*(?P<entity>#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{0,40});",
    re.ASCII,
)
_ATTRIBUTE = re.compile(r"""\s+([A-Za-z_:@][\w:.@-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'=]+)""", re.ASCII)
# The tags of Unity and of TextMesh Pro, besides those of HTML.
_GAME = words_of("""
    align allcaps alpha color cspace font-weight gradient indent line-height line-indent link lowercase
    margin margin-left margin-right material mspace noparse nobr page pos quad rotate size smallcaps space sprite style
    uppercase voffset width
    """)
# Elements that are placeholders if they have neither an end nor an attribute: "Press <button>".
_NOUNS = words_of("""
    address area article button canvas code data details figure footer header input label link main map menu meter
    object output param progress section select slot source summary time title track var video
    """)
_SKIPPED_TEXT = frozenset(("script", "style"))  # what is in them is no markup
_PLACEHOLDER = re.compile(r"[A-Za-z]\w{0,40}", re.ASCII)
_KNOWN = html_elements.NAMES | (ssml_elements.NAMES - html_elements.AMBIGUOUS)


def from_html(text: str, language: str, notes: list[str]) -> str:
    """The text without HTML and game tags, with entities as characters that later steps take for no markup.

    Args:
        text: as written; unclosed and unopened tags are accepted.
        language: of the row.
        notes: gets a sentence for everything that is not spoken.

    Raises:
        BadMarkup: a tag is a placeholder without a value, or an element of SSML cannot be spoken.
    """
    if "<" not in text and "&" not in text:
        return text
    return _Scanner(text, language, notes).scan()


class _Scanner:
    def __init__(self, text: str, language: str, notes: list[str]) -> None:
        self._text, self._notes = text, notes
        self._builder = Builder(language, notes, strict=False)
        self._ended = {name.lower() for name in re.findall(r"</([A-Za-z0-9][\w:.-]*)", text, re.ASCII)}

    def scan(self) -> str:
        position = 0
        while match := _TOKEN.search(self._text, position):
            self._builder.text(self._text[position : match.start()])
            position = self._after(match)
        self._builder.text(self._text[position:])
        return self._builder.finish()

    def _after(self, match: re.Match[str]) -> int:
        """Reads one token; returns where the text continues."""
        if match["entity"]:
            character = html.unescape(f"&{match['entity']};")
            self._builder.text(match[0] if character.startswith("&") and len(character) > 1 else literal(character))
        elif match[0] == "<!--":
            return self._end_of("-->", match.start())
        elif match["name"] is not None:
            return self._tag(match, match["name"].lower())
        return match.end()

    def _tag(self, match: re.Match[str], name: str) -> int:
        attributes = _attributes(match["rest"])
        if attributes is None or (not name and match[0] != "</>"):
            self._other(match, name)
        elif name in _KNOWN and not (name in _NOUNS and name not in self._ended and not attributes):
            self._element(match, name, attributes)
            if name in _SKIPPED_TEXT and not match["end"]:
                return self._end_of(f"</{name}", match.start())
        elif not (name in _GAME or name.startswith("#") or match[0] == "</>"):
            self._unknown(match, name)
        return match.end()

    def _element(self, match: re.Match[str], name: str, attributes: dict[str, str]) -> None:
        if match["end"]:
            self._builder.end(name)
            return
        self._builder.start(name, attributes)
        if name in html_elements.EMPTY or match["rest"].rstrip().endswith("/") or name == "break":
            self._builder.end(name)

    def _other(self, match: re.Match[str], name: str) -> None:
        """A game's tag with a value (<color=#f00>, <sprite index=3>), <laughs softly>, or plain text."""
        inner = match[0][1:-1]
        if match["rest"].startswith("="):
            if name not in _GAME | _KNOWN:
                self._note(match[0])
            return
        self._builder.text(f"[{inner}]" if is_sound(inner) else match[0])

    def _unknown(self, match: re.Match[str], name: str) -> None:
        """A tag of a game's own style (<Rich>…</>), a sound (<laughs>), or a placeholder (<player>)."""
        inner = match[0][1:-1]
        is_paired = match["end"] or name in self._ended or self._next_tag(match.end()) == "</>"
        if is_paired or (match["rest"].strip() and not is_sound(inner)):
            if not match["end"]:
                self._note(match[0])
        elif is_sound(inner):
            self._builder.text(f"[{inner}]")
        elif _PLACEHOLDER.fullmatch(inner):
            raise without_value(match[0])
        else:
            self._builder.text(match[0])

    def _note(self, tag: str) -> None:
        self._notes.append(f"The tag {shown(tag)} is not known and not spoken.")

    def _next_tag(self, position: int) -> str:
        """The first characters of the next tag: "</>" for the end of a style in Unreal."""
        found = self._text.find("<", position)
        return self._text[found : found + 3] if found >= 0 else ""

    def _end_of(self, mark: str, start: int) -> int:
        """The end of what a mark ends."""
        found = re.compile(mark, re.IGNORECASE).search(self._text, start)
        if found is None:
            raise BadMarkup(f"The {shown(self._text[start : start + 20])} has no {mark} after it; add it")
        return found.end() if mark == "-->" else found.start()


def _attributes(rest: str) -> dict[str, str] | None:
    """The attributes of a tag; None if what follows its name are none ("a <b and c> d")."""
    rest = rest.rstrip().removesuffix("/").rstrip()
    attributes, position = {}, 0
    while match := _ATTRIBUTE.match(rest, position):
        attributes[match[1].lower()] = html.unescape(match[2].strip("\"'"))
        position = match.end()
    return attributes if position == len(rest) else None
