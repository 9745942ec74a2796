"""Facts and figures as files: CSV, Parquet, and EPCIS 2.0."""
