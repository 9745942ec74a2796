"""The device agent: camera frames in, shelf events out."""
