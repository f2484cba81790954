"""What is measured once and reported, and too slow or too noisy for a test."""
