"""Storage: the store (a folder or a bucket) and this machine's cache. Knows nothing of speech."""
