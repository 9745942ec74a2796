"""The quality gate: what a frame must be before anything is read from it. Pure functions on pixels and what was before.

`gate` holds the order of the checks; every other file is one of them.
"""
