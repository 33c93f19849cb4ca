"""What is known of models and their providers, and what a call to each says. Imports what the commands may."""
