"""Storage: the store (a folder or a bucket) and this machine's cache. Independent of speech."""
