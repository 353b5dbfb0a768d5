"""The benchmark of decisions: how long one takes and what it needs, always beside the least that any graph would take.

``make bench`` measures the runtime, ``make bench-peers`` other routers on the same prompts.
"""
