"""What device and cloud agree on: events, topics, receipts, and models of configuration, planogram and catalogue."""
