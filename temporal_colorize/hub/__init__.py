"""Weights on the Hugging Face hub, and in folders of the same form."""
