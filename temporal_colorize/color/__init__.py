"""Colour mathematics: CIELAB, the 313 quantised ab bins, and the chroma planes of video."""
