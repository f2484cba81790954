"""Colours monochrome CCTV video with recurrent networks, and says what it does not know."""
