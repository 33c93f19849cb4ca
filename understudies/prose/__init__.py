"""What the understudies know of prose: its sentences, its markup, and the questions that a sentence answers."""
