"""English: numbers, dates, money, units, abbreviations, addresses, symbols. ``reading`` is the entry point."""
