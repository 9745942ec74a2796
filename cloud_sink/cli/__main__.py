"""`python -m cloud_sink.cli`."""

from cloud_sink.cli.app import main

main()
