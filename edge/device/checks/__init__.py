"""The checks of `edge doctor`: each looks at one thing and says how it is, and what to do."""
