"""REST v1: reports in, decisions and cases out, for other systems and for the staff's own session."""
