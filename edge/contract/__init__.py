"""What device and cloud agree on: events, topics, receipts, and the models of configuration, planogram and catalogue."""
