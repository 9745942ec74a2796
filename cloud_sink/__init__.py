"""The collector: facts in without loss, store profiles out."""
