"""A panel of widgets for notebooks."""
