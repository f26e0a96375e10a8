"""Signing in through another house: any provider of OpenID Connect."""
