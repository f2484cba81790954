"""Colours that a user gives: read, drawn, carried through the video, and laid over the estimate."""
