"""What the networks learn from: stills turned into moving clips, real clips, and the hints shown with them."""
