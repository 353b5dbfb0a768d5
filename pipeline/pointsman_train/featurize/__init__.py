"""The featurizer: one ONNX graph from the raw prompt to float32 features, run in training and in serving alike."""
