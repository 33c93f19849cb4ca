"""The project in hand: its graphs run in this process and its threads are kept. Imports showing and options."""
