"""What the support desk is made of: its tasks, its database, what it says, and its understudies."""
