"""What a text has in common with the documents that it was made from, by rule. Imports no other room."""
