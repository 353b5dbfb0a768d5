"""The embedded data set: prompts written by program, and the fleet's real answers to them."""
