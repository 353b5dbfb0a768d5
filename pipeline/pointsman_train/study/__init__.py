"""Studies: train and judge again and again, to say what helps, and how far to trust a router."""
