"""A plain script for `surge run examples/primes.py -- 100000`: nothing in it knows of Surge."""

import sys


def primes(limit: int) -> list[int]:
    sieve = bytearray([1]) * (limit + 1)
    sieve[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
    return [number for number, kept in enumerate(sieve) if kept]


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    found = primes(limit)
    print(f"{len(found)} primes up to {limit}, the last is {found[-1]}")
