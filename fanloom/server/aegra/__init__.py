"""The same project on Aegra: what differs from LangGraph's server, and the processes that serve."""
