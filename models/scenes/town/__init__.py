"""A town of invented stores: what their devices say over some days, made from an exact truth and not from pixels."""
