"""A static page of an evaluation with a picture of every mistake."""
