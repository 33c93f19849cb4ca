"""Calls that are not sent one by one: who takes them."""
