"""What is shown: outputs, progress, questions to a person, figures, and how a command ends. Imports options."""
