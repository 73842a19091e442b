"""Word check: speech recognisers, and their transcripts compared with the text."""
