"""Matching asks to demands: score, eligibility with reasons. Pure integers."""
