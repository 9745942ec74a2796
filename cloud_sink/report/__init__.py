"""A week of a store or a chain on paper: gathered once, worded once, shown as a page and set as a PDF."""
