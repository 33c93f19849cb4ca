"""Where the items of a job run: in this process, or in workers of a Ray cluster."""
