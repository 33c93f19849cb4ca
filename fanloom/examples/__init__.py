"""The parts of an instance that is made from a JSON schema alone."""
