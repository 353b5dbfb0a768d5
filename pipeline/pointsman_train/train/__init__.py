"""Training: the featurizer, the two heads, their calibration and the operating points."""
