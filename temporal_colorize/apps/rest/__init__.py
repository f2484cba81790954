"""The REST endpoint: submit, follow, fetch. It needs `pip install '.[web]'`; docs/rest.md."""

from temporal_colorize.apps.rest.routes import api

__all__ = ["api"]
