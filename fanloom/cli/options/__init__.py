"""From what is typed to values: groups, options made of schemas, files, contexts. Imports no other sub-room."""
