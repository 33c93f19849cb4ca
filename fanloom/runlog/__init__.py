"""What happened in a run, written down: events, contents, where they are kept, and exports. Imports only the ground."""
