"""SSML: parsed as XML, strictly, into a text with our tags.

Only the parser of the standard library reads it, without a document type: no entity can be declared, so that none can
grow, and no file is opened.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Mapping
from xml.parsers import expat

from f5_pipeline.settings.validation import did_you_mean
from f5_pipeline.text.markup import html_elements, ssml_elements
from f5_pipeline.text.markup.common import BadMarkup
from f5_pipeline.text.markup.elements import Builder

_START = re.compile(
    r"\s*(?:<\?xml[^<>]*\?>\s*)?(?:<!--[^<>]*-->\s*)*<(?:speak[\s>/]|!DOCTYPE(?!\s+html)|!ENTITY)", re.IGNORECASE
)
_DECLARATION = re.compile(r"\s*<\?xml[^<>]*\?>")
_NAMED = re.compile(r"&(\w+);", re.ASCII)
_SPACES = re.compile(r"\s+")  # in XML, a blank line is no paragraph
_OF_XML = frozenset(("amp", "lt", "gt", "quot", "apos"))
# Characters that XML text cannot contain unescaped, and that later steps must not take for markup.
_LITERAL = str.maketrans({c: chr(0xFDD0 + "<>&".index(c)) for c in "<>&"})


def is_ssml(text: str) -> bool:
    """True for a text that begins with ``<speak``, or with a document type that only XML other than HTML has."""
    return _START.match(text) is not None


def from_ssml(text: str, language: str, notes: list[str]) -> str:
    """The text of an SSML document or fragment.

    Args:
        text: with or without ``<speak>`` around it.
        language: of the row.
        notes: gets a sentence for everything that is not spoken.

    Raises:
        BadMarkup: the XML is malformed, or an element is unknown or cannot be spoken.
    """
    document = _DECLARATION.sub("", text, count=1) if text.lstrip().startswith("<?xml") else text
    wrapped = document if is_ssml(document) else f"<speak>{document}</speak>"
    return _Parser(language, notes).parse(_NAMED.sub(_character, wrapped))


def _character(match: re.Match[str]) -> str:
    """A named character of HTML (&nbsp;), which XML does not know, as itself."""
    return match[0] if match[1] in _OF_XML else html.entities.html5.get(f"{match[1]};", match[0])


class _Parser:
    """Passes what the XML parser finds to a ``Builder``."""

    def __init__(self, language: str, notes: list[str]) -> None:
        self._builder, self._notes = Builder(language, notes, strict=True), notes
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = lambda name: self._builder.end(name.lower())
        self._expat.CharacterDataHandler = lambda text: self._builder.text(_SPACES.sub(" ", text.translate(_LITERAL)))

    def parse(self, text: str) -> str:
        try:
            self._expat.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            raise BadMarkup(f"The SSML is malformed at {_position(error)}: {_reason(error)}") from None
        return self._builder.finish()

    def _doctype(self, *declaration: object) -> None:
        raise BadMarkup("The SSML has a <!DOCTYPE>, which can declare entities; remove it")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        lowered = name.lower()
        if lowered not in ssml_elements.NAMES | html_elements.NAMES:
            self._unknown(name)
        self._builder.start(lowered, {key.lower(): value for key, value in attributes.items()})

    def _unknown(self, name: str) -> None:
        """A vendor's extension is left out with a note; any other unknown element is a mistake."""
        if ":" not in name:
            hint = did_you_mean(name, sorted(ssml_elements.NAMES))
            raise BadMarkup(f"The SSML element <{name[:40]}> is unknown.{hint} Correct or remove it")
        self._notes.append(f"The element <{name[:40]}> of another speech system is ignored; its text is spoken.")


def _position(error: expat.ExpatError) -> str:
    return f"line {error.lineno}, column {error.offset + 1}"


def _reason(error: expat.ExpatError) -> str:
    reason = expat.ErrorString(error.code)
    fixes = {
        "not well-formed (invalid token)": "write &amp; for & and &lt; for <, and quote the values of attributes",
        "mismatched tag": "close the elements in the reverse order",
        "no element found": "close all elements",
        "unclosed token": "close the last tag with >",
        "undefined entity": "write the character itself",
        "junk after document element": "put all text into one <speak>",
    }
    return f"{reason}; {fixes.get(reason, 'correct it')}"
