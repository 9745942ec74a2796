"""The unit itself: identity, health and the running agent."""
