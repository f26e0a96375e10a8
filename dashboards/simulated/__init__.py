"""成效推演: the page of a simulated year. It reads one document and no case."""
