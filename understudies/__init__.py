"""The rules by which the offline model answers, a file or folder a pattern; nothing with a real model imports them."""
