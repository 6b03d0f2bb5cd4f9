"""A lease as its renter holds it: ranked, paid for, greeted, fed, billed and closed."""
