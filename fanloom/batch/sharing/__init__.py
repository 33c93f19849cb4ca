"""How the shards of a job share its budget over a store, where they see no common folder."""
