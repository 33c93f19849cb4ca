"""A step, one model call with a prompt and a typed output; a vote of several. Imports the gateway and what is below."""
