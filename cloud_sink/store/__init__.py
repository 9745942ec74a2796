"""Tables, ledger, roll-ups, quarantine, migrations. The only place that speaks SQL."""
