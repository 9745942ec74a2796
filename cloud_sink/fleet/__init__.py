"""Configuration of the sink: stores, fixtures, catalogues."""
