"""Audit policy, reputation, jury arithmetic. Not built yet: receipts and stakes are there, audits are not."""
