"""Colours from a daytime picture of the same place: registered to the night's, and trusted where the two agree."""
