"""Reports as single HTML files: of a run, of a comparison, of drift."""
