"""Joins facts into store profiles: KPIs, episodes, completeness."""
