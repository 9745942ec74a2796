"""What goes out by itself: webhooks and alerts, out of a queue that survives restarts."""
