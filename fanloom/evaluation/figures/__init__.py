"""What results come to: figures with their intervals, what varies between runs, and how candidates differ."""
