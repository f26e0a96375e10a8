"""The operations centres of the three levels, and what they need to work as one: walls, boards by groups of
matters, handovers, shares of the queue, and samples of their own work."""
