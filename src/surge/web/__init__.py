"""The browser app. Not built yet."""
