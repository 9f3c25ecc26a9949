"""Trains a compression dictionary for `xds.store.bodies` and prints what it gains.

`python -m benchmarks.train_dictionary NUMBER` writes ``xds/store/dictionaries/NUMBER.zdict``. Dictionaries are
never replaced: a new one gets the next number.
"""

import statistics
import sys
import timeit
from pathlib import Path

import zstandard

from benchmarks.population import submissions
from xds.ebxml import encode_association, encode_document_entry, encode_submission_set
from xds.model import Submission

FOLDER = Path(__file__).parent.parent / "xds" / "store" / "dictionaries"
SIZE = 16 * 1024


def fragments(source: list[Submission]) -> list[bytes]:
    """The stored fragments of submissions."""
    found: list[str] = []
    for item in source:
        found += [encode_document_entry(entry, stored=True) for entry in item.document_entries]
        found += [encode_submission_set(entry, stored=True) for entry in item.submission_sets]
        found += [encode_association(entry, stored=True) for entry in item.associations]
    return [fragment.encode() for fragment in found]


def main() -> None:
    """Train on one population, measure on another."""
    number = int(sys.argv[1])
    target = FOLDER / f"{number}.zdict"
    if target.exists():
        sys.exit(f"{target.name} exists; dictionaries are never replaced")
    dictionary = zstandard.train_dictionary(SIZE, fragments(list(submissions(1500, 2))), dict_id=number)
    FOLDER.mkdir(exist_ok=True)
    target.write_bytes(dictionary.as_bytes())
    other = list(submissions(200, 1, first=10_000_000, seed=7))
    entries = [encode_document_entry(item.document_entries[0], stored=True).encode() for item in other]
    compressor = zstandard.ZstdCompressor(dict_data=dictionary, level=3)
    plain = zstandard.ZstdCompressor(level=3)
    packed = [compressor.compress(item) for item in entries]
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)
    print(f"an entry: {statistics.mean(map(len, entries)):.0f} octets,", end=" ")
    print(f"{statistics.mean(map(len, packed)):.0f} with the dictionary,", end=" ")
    print(f"{statistics.mean(len(plain.compress(item)) for item in entries):.0f} without")
    once = timeit.timeit(lambda: [decompressor.decompress(item) for item in packed], number=20)
    print(f"unpack {once / 20 / len(packed) * 1e6:.1f} µs", end=", ")
    once = timeit.timeit(lambda: [compressor.compress(item) for item in entries], number=20)
    print(f"pack {once / 20 / len(packed) * 1e6:.1f} µs")


if __name__ == "__main__":
    main()
