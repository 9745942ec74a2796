"""Releases: bundles of models, catalogues, planograms and settings, signed by TUF and rolled out ring by ring."""
