"""Open the web page and the REST endpoint: `python serve.py`."""

from temporal_colorize.cli import serve

if __name__ == "__main__":
    serve()
