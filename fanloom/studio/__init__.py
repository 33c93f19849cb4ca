"""A run on a page: the portable report, and what the studio's pages ask for. Imports the run log and below."""
