"""Hindi: everything written in digits and signs, in words. See ``reading``."""
