"""One model call, from the request to a validated answer or one typed error. Imports runs and what is below it."""

from fanloom.moved import once_here

__getattr__ = once_here("fanloom.gateway.call", "call")
