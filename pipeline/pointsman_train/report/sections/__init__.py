"""The chapters of a run's report; each module makes one, or None where there is nothing to tell."""
