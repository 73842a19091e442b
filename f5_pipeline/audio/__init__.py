"""Audio samples in and out: decode, encode, loudness, silence, trim, join, spectra."""
