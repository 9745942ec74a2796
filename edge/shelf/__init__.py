"""Shelf analytics: rows, facings, planogram alignment, stock-out episodes and KPIs, as pure functions."""
