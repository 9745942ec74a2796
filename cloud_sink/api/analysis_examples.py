"""Answers of the analyses as their description shows them."""

from __future__ import annotations

from typing import Any

from cloud_sink.analyses.settlement_model import RULES

PROMOTION: dict[str, Any] = {
    "promotion": "march-cola",
    "since": "2026-03-09",
    "until": "2026-03-22",
    "over": True,
    "before": 14,
    "skus": ["lurra-cola-330"],
    "unmatched_gtins": [],
    "matches": [
        {
            "stores": ["store-01", "store-02", "store-03"],
            "matched_by": ["channel", "store_class"],
            "matched": ["store-04", "store-05", "store-06", "store-07", "store-08"],
        }
    ],
    "overlapping": [],
    "effects": [
        {
            "outcome": "units",
            "stores": 3,
            "left_out": [],
            "matched": 5,
            "before": 14.2,
            "during": 19.1,
            "matched_before": 13.0,
            "matched_during": 13.9,
            "effect": 4.0,
            "low": 0.6,
            "high": 7.4,
            "uplift": 0.265,
            "early": 0.3,
            "early_low": -1.9,
            "early_high": 2.5,
            "parallel": True,
            "cautions": [
                "3 stores with it and 5 without are few: the interval is wide, and leans on changes being about normal"
            ],
        }
    ],
    "returned": {
        "stores": 3,
        "store_days": 42,
        "extra_units": 168.0,
        "earned": 84.0,
        "cost": 60.0,
        "profit": 24.0,
        "low": -47.4,
        "high": 95.4,
        "a_unit_of_cost": 0.4,
    },
    "no_return": None,
    "waiting": 0,
}

REPLENISHMENT: dict[str, Any] = {
    "store": "store-01",
    "since": "2025-12-20",
    "until": "2026-03-13",
    "days": 3,
    "held_back": 14,
    "waiting": 0,
    "outlooks": [
        {
            "sku": "lurra-cola-330",
            "name": "Lurra Cola 330 ml",
            "hours_watched": 1120.5,
            "stockouts": 14,
            "out_since": None,
            "chance": 0.42,
            "expected_hours": 77.2,
            "expected_at": "2026-03-19T09:12:00Z",
            "taken_a_day": 6.4,
            "rhythm": "by day",
            "score": 0.141,
            "naive_score": 0.268,
            "refill": {
                "days": 3,
                "expected": 23.1,
                "needed": 30.6,
                "stock": 10.0,
                "suggested": 21,
                "told_until": "2026-03-13",
                "method": "exponential smoothing",
                "error": 2.7,
                "naive_error": 3.6,
            },
            "too_little": [],
        }
    ],
    "too_little": None,
}

SETTLEMENT: dict[str, Any] = {
    "contract": "contract-7",
    "month": "2026-03",
    "final": True,
    "rules": list(RULES),
    "lines": [
        {
            "store": "store-01",
            "fixture": "cooler-1",
            "side": "own",
            "brand": "Lurra",
            "paid_facings": 4,
            "skus": ["lurra-cola-330"],
            "days_in_force": 1,
            "days_seen": 1,
            "days_stood": 0,
            "days_short": 1,
            "days_unclear": 0,
            "completeness": 0.958333,
            "attained": 0.76125,
            "attained_at_most": 0.8325,
            "fee": 310.0,
            "due": 7.61,
            "due_at_most": 8.33,
            "currency": "EUR",
            "too_little": None,
            "days": [
                {
                    "day": "2026-03-31",
                    "state": "short",
                    "captures": 24,
                    "kept": 23,
                    "due": 24,
                    "facings": 3.045,
                    "unsure": 0.285,
                    "corrected": 1,
                    "device": "unit-07",
                    "event": "0123456789abcdef0123456789abcdef-917",
                    "at": "2026-03-31T13:30:00Z",
                    "photograph": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                }
            ],
        }
    ],
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}
