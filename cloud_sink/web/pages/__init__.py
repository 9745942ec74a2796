"""The pages: a module each, found by `cloud_sink.web.site`."""
