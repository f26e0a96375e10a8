"""The pages of the responsibility list: for whoever keeps it, and for whoever asks why."""
