"""Numbers, dates, money, units and abbreviations in words: a module per language. ``reading`` is the entry point."""
