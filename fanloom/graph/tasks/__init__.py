"""The parts of a fan-out: what its tasks are, how they are sent out, how one is done, and how it begins early."""
