"""Delivery without loss: the outbox, the MQTT link and evidence upload."""
