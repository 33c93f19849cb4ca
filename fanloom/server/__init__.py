"""What langgraph.json gives to the LangGraph server: where threads are kept, who may come in, and two routes."""
