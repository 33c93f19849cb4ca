"""What an exception of a model call means, what to do about it, and how long to wait. Imports only the ground."""
