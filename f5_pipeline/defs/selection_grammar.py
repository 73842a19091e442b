"""Dagster's parser of asset selections (``key:"a"+``, ``kind:…``), for the antlr4 runtime 4.9.

f5-tts requires Hydra and OmegaConf, whose parsers need this runtime, 4.9, and no other. Dagster's parser is generated
for 4.13, and its import fails with 4.9. What differs is how a parser's tables are written: a list of numbers (version
4), instead of a string of characters that stand for shifted numbers and a UUID (version 3). The numbers mean the same,
so the old runtime runs the new parser, once it reads the list. With a newer runtime there is nothing to do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import antlr4
from antlr4.atn.ATNDeserializer import SERIALIZED_VERSION, ATNDeserializer

from f5_pipeline.defs.dagster_internals import SELECTION_PARSERS


def load_selection_grammar() -> None:
    """Import Dagster's parser so that it works with the installed runtime.

    If it cannot be imported, Dagster says so where a selection is used, and ``f5-pipeline doctor`` names it.
    """
    if SERIALIZED_VERSION != 3:
        return
    with _list_deserializer(), suppress(ImportError):
        for module, name in SELECTION_PARSERS:
            # The runtime would print for each selection that the versions differ.
            getattr(import_module(module), name).checkVersion = lambda self, version: None


@contextmanager
def _list_deserializer() -> Iterator[None]:
    """Only while Dagster's parser is imported: it takes the deserializer from ``antlr4``, and keeps nothing of it."""
    antlr4.ATNDeserializer = _ListDeserializer
    try:
        yield
    finally:
        antlr4.ATNDeserializer = ATNDeserializer


class _ListDeserializer(ATNDeserializer):
    """The runtime's own deserializer, for tables of version 4 too."""

    def deserialize(self, data: str | Sequence[int]) -> Any:
        """The network of a parser.

        Args:
            data: its tables; a string has version 3.

        Raises:
            ImportError: they have a version above 4.
        """
        if isinstance(data, str):
            return super().deserialize(data)
        self.data, self.pos = data, 0
        if (version := self.readInt()) != 4:
            raise ImportError(f"the tables of a parser have the unknown version {version}")
        network, sets = self.readATN(), list[Any]()
        self.readStates(network)
        self.readRules(network)
        self.readModes(network)
        self.readSets(network, sets, self.readInt)  # version 3 has a second list, of sets with wider numbers
        self.readEdges(network, sets)
        self.readDecisions(network)
        self.readLexerActions(network)
        self.markPrecedenceDecisions(network)
        self.verifyATN(network)
        return network
