"""What the FAQ understudy knows of prose: how to read it, and which questions it answers."""
