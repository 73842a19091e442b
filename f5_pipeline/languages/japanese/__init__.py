"""Japanese: everything written in digits and signs, in kanji numerals and katakana. See ``reading``."""
