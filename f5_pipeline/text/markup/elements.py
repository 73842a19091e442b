"""Builds a text from the elements of SSML and HTML: what is open, and what each element becomes when it closes.

``ssml`` parses XML strictly, ``html`` finds tags leniently; both feed the same ``Builder``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from f5_pipeline.text.markup import html_elements, ssml_elements
from f5_pipeline.text.markup.common import BadMarkup
from f5_pipeline.text.markup.element import Element

MAX_DEPTH = 100  # elements within each other
# Elements whose end tag may be missing: the elements that the start of one ends.
_ENDED_BY = {
    "p": ("p",),
    "li": ("p", "li"),
    "tr": ("td", "th", "tr"),
    **dict.fromkeys(("td", "th"), ("td", "th")),
    **dict.fromkeys(("dt", "dd"), ("p", "dt", "dd")),
    "option": ("option",),
}


@dataclass
class _Open:
    """An open element and the text in it so far."""

    element: Element
    parts: list[str] = field(default_factory=list)
    said: int = 0  # how many of the parts a ruby annotation cannot replace


class Builder:
    """Collects elements and texts in order."""

    def __init__(self, language: str, notes: list[str], strict: bool) -> None:
        """
        Args:
            language: of the text outside all elements.
            notes: gets a sentence for everything that is not spoken.
            strict: the text is SSML, in which ``<s>`` is a sentence and ``<sub>`` needs an alias.
        """
        self._notes, self._strict = notes, strict
        self._open = [_Open(Element("", {}, None, language))]

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element.

        Raises:
            BadMarkup: too many elements are open.
        """
        ended = () if self._strict else _ENDED_BY.get(name, ())
        while self._open[-1].element.name in ended:
            self._close()
        if len(self._open) > MAX_DEPTH:
            raise BadMarkup(f"More than {MAX_DEPTH} elements are open within each other; close them earlier")
        self._open.append(_Open(self._open[-1].element.child(name, attributes)))

    def text(self, text: str) -> None:
        """Add text to the element that was opened last."""
        self._open[-1].parts.append(text)

    def end(self, name: str) -> None:
        """Close the last element of this name and all in it; without effect if there is none."""
        if any(opened.element.name == name for opened in self._open[1:]):
            while self._close() != name:
                pass

    def finish(self) -> str:
        """Close everything; returns the text."""
        while len(self._open) > 1:
            self._close()
        return "".join(self._open[0].parts)

    def _close(self) -> str:
        """Close the last element and add its text to the one around it; returns its name."""
        closed, outer = self._open.pop(), self._open[-1]
        text = self._spoken(closed.element, "".join(closed.parts))
        if closed.element.name == "rt" and text.strip():
            outer.parts[outer.said :] = [text]  # the reading replaces the characters that it annotates
            outer.said = len(outer.parts)
        else:
            outer.parts.append(text)
        return closed.element.name

    def _spoken(self, element: Element, inner: str) -> str:
        if element.name in ssml_elements.NAMES and (self._strict or element.name not in html_elements.AMBIGUOUS):
            return ssml_elements.spoken(element, inner, self._notes)
        return html_elements.spoken(element, inner)
