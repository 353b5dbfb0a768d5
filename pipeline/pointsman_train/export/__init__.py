"""Export: prove that the graph is the trained router, then write the bundle, whole or not at all."""
