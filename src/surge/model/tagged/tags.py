"""Tags of tagged MessagePack: what plain MessagePack has no word for.

A tagged value is a MessagePack array whose first item is a marker: an extension of that code with
one zero byte. No extension stands anywhere else, so an array without a marker is always a list.
The guest reads this file too.
"""

TUPLE, SET, FROZENSET, DICT, INT, COMPLEX, BYTEARRAY, TEXT, RANGE, SLICE = range(1, 11)
"""items… · items… · items… · key, value, … · little-endian two's complement · real, imaginary · bytes ·
UTF-8 with surrogates · start, stop, step · start, stop, step"""
DATE, TIME, DATETIME, TIMEDELTA, TIMEZONE, ZONE, DECIMAL, FRACTION, UUID, PATH = range(11, 21)
"""y, m, d · h, m, s, µs, fold, tz · date's, then time's · days, s, µs · timedelta, name · key · text ·
numerator, denominator · 16 bytes · text, concrete"""
ENUM, INSTANCE, EXCEPTION, COLLECTION, SINGLETON = range(21, 26)
"""class key, member's name or flag's value · class key, fields, contents of a built-in base or nothing ·
type's name, arguments, fields · name, contents, option · name"""
INTS, FLOATS, ARRAY, OBJECTS, SCALAR = range(26, 31)
"""a list's int64s · a list's float64s · dtype, shape, order, bytes, [locked] · shape, items… ·
dtype, bytes"""
FRAME, SERIES, INDEX, COLUMN, MOMENT = range(31, 36)
"""columns, index, column… · index, values, name · kind, … · kind, … · kind, …"""
OPAQUE, PRINTED = 36, 37
"""type's name, repr, pickle · value, [stream, text, …] · exception, traceback's text"""
REFERENCE, IMPORT, METHOD = range(39, 42)
"""Only towards the sandbox: number of a node · module, qualified name · function, self"""
LIBRARY = 42
"""form, parts…: a result of a library (library.py)"""
GRAPH, LINK = range(43, 45)
"""root, node… · number of a node: values that hold each other (graph.py)"""
BLOB = 45
"""Only towards the sandbox: the name of a blob that holds the value"""
HIGHEST = BLOB
