"""The course: `python -m lessons` lists it, and `python -m lessons open 1` opens the first lesson."""
