"""Analyses that display teams pay for: promotions, replenishment, display settlement."""
