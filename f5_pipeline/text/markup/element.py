"""One element of SSML or HTML, with what the elements around it say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """An element: its name without capitals, its attributes, and the voice, language and speed in it."""

    name: str
    attributes: Mapping[str, str]
    outer: Element | None  # the element around it; None for the text as a whole
    row_language: str  # of the text as a whole

    def child(self, name: str, attributes: Mapping[str, str]) -> Element:
        """An element in this one."""
        return Element(name, attributes, self, self.row_language)

    def get(self, attribute: str) -> str:
        """The value of an attribute without outer spaces; "" if it is missing."""
        return self.attributes.get(attribute, "").strip()

    @property
    def language(self) -> str:
        """The language of the text in this element."""
        return _nearest(self, "xml:lang") or self.row_language

    @property
    def outer_language(self) -> str | None:
        """The language that the elements around this one name; None if they name none."""
        return _nearest(self.outer, "xml:lang")

    @property
    def outer_voice(self) -> str | None:
        """The voice that the elements around this one name; None if they name none."""
        return _nearest(self.outer, "name", of="voice")


def _nearest(element: Element | None, attribute: str, of: str = "") -> str | None:
    """The attribute of an element or of the nearest one around it; ``of``: the only name that counts."""
    while element is not None:
        if of in ("", element.name) and element.get(attribute):
            return element.get(attribute)
        element = element.outer
    return None
