"""What a result of a library may name, and which of its estimators stay closed."""
