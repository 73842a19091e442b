"""Which words were said: recognisers, what they hear in a clip, and how that compares with what it should say."""
