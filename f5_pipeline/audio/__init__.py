"""Samples in and out: decode, encode, loudness, trim, join, spectra."""
