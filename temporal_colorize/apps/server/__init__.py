"""The page and the REST endpoint on one address, and who may reach them."""

from temporal_colorize.apps.server.options import ServerOptions, is_local

__all__ = ["ServerOptions", "is_local"]
