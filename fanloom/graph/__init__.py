"""StateGraphs whose nodes run in both worlds, and fan-outs with a ledger. Imports the gateway and what is below it."""

from fanloom.moved import once_here

__getattr__ = once_here("fanloom.graph.state_graph", "StateGraph")
