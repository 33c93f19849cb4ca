"""The shipped graphs: one wiring diagram a file. Each exports `builder` and `graph`."""
