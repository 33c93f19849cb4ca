"""Chat models by name, and what a step may ask them for: text, or an output model. Imports loops and the ground."""
