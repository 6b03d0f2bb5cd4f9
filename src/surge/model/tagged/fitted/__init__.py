"""Fitted estimators as data: which fields of theirs may come back, and what must hold among them."""
