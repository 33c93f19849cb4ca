"""A LangGraph server: its graphs run there, its threads are kept there. Imports showing and options."""
