"""What a run is given, counts and records: context, usage, outcomes, its thread. Imports models, loops, ground."""
