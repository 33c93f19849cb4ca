"""The support desk: a typed plan, a worker for each kind of task on a database, one checked reply."""
