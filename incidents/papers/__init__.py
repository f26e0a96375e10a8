"""A case on paper: what may stand there, and drawing it as PDF."""

from incidents.papers.drawing import draw
from incidents.papers.facts import Paper, paper_of

__all__ = ["Paper", "draw", "paper_of"]
