"""Signing in, accounts, people and the audit."""
