"""The commands, one module each, imported when they are used. Imports every other sub-room of the command line."""
