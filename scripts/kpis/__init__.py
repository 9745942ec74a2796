"""Every figure of a store profile, counted from raw events as the API gives them, without the collector's code."""
