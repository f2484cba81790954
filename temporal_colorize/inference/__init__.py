"""Colouring: weights, the session that carries state, files and pictures."""
