"""Tasks of stores: from what needs doing to what the next capture shows."""
