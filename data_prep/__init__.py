"""From raw footage and photographs to what training and demonstrations read."""
