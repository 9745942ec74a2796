"""Pages for merchandisers: what the collector knows, in a browser."""
