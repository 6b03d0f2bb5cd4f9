"""Volatility, liquidation probability, stress. Not built yet."""
