"""Word check: speech recognisers transcribe clips, and their transcripts are compared with the text."""
