"""Receive, validate, batch, commit, receipt. The only place that speaks MQTT."""
