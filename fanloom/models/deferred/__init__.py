"""Models whose calls somebody else sends: what their clients would have sent, and answers that came elsewhere."""
