"""The shape of the house: imports, names, sizes, links, licences, invariants."""
