"""Chinese: everything written in digits and signs, in characters, which F5 reads as pinyin. See ``reading``."""
