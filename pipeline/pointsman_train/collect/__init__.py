"""Collect: ask models, grade answers, and know what it cost. Nothing is lost, nothing is paid twice."""
