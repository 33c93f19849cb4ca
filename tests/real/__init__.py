"""The shipped graphs on a real language model of 135 million parameters, a hard adversary: what they promise must hold.

`make real` serves the model on this machine and prints which promises held, and how often each rung was needed.
"""
