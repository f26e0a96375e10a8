"""Finding cases: by their words, by their number, by who called. Rows are filled beside the work."""
