"""The client of each provider: made with its key checked, its own retries off and its options taken."""
