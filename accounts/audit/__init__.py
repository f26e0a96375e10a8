"""审计: what was done by whom, in one log that is only added to, chained by a sealer behind its writers."""
