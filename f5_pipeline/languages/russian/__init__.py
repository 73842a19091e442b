"""Russian: everything written in digits and signs, in words, in the gender and case of its noun. See ``reading``."""
