"""Propensity: which small-business clients will open a settlement account in the next three months?"""
