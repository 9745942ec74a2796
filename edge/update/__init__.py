"""Updates: signed releases from the collector, tried beside what runs, switched in a quiet moment, and back."""
