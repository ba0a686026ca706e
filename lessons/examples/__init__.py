"""Short programs, one idea each, to be read from top to bottom and run: `python -m lessons.examples.using_ops`.

What a program prints stands at the end of its first docstring.
"""
