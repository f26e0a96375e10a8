"""Early warning: what bursts (突发), what begins (苗头), what is said again and again (热点)."""
