"""The conversation with one provider: asking, checking what comes, signing for it."""
