"""One event loop in the background, and values handed from any loop or thread to another. Imports only the ground."""
