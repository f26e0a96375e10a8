"""Sensors and AI video: alerts in, one case for each thing that burns, and none for its noise."""
