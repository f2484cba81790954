"""Measures of colour against a truth, all in float and each with its definition."""
