"""Signing in: what proves who somebody is, how long it holds, and what is told of it afterwards."""
