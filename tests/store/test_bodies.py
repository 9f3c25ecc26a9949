"""Bodies: packed with the newest dictionary, opened with the one that the frame names."""

import threading
from importlib.resources import files

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples.builders import document_entry
from tests.samples.strategies import document_entries, texts
from xds.ebxml import encode_document_entry
from xds.model import DocumentEntry
from xds.store.bodies import BodyCodec, UnknownDictionary, dictionaries

CODEC = BodyCodec()


def entry_fragments(first: int, count: int) -> list[str]:
    return [encode_document_entry(document_entry(n), stored=True) for n in range(first, first + count)]


@pytest.fixture(scope="module")
def second() -> zstandard.ZstdCompressionDict:
    """A dictionary as a later version may ship it."""
    samples = [fragment.encode() for fragment in entry_fragments(1, 300)]
    return zstandard.train_dictionary(8_192, samples, dict_id=max(dictionaries()) + 1)


@given(fragments=st.lists(texts(max_size=400), max_size=5))
def test_round_trip(fragments: list[str]) -> None:
    bodies = [CODEC.pack(fragment) for fragment in fragments]
    assert b"".join(CODEC.unpack(bodies)).decode() == "".join(fragments)


@settings(max_examples=25)
@given(entry=document_entries())
def test_round_trip_of_a_fragment(entry: DocumentEntry) -> None:
    fragment = encode_document_entry(entry, stored=True)
    (opened,) = CODEC.unpack([CODEC.pack(fragment)])
    assert opened.decode() == fragment


def test_an_entry_is_small() -> None:
    (fragment,) = entry_fragments(1, 1)
    packed = CODEC.pack(fragment)
    assert len(packed) < len(fragment) / 5
    assert len(zstandard.ZstdCompressor(level=3).compress(fragment.encode())) > 1.5 * len(packed)


def test_the_shipped_dictionaries_are_named_by_their_number() -> None:
    names = {entry.name for entry in files("xds.store").joinpath("dictionaries").iterdir()}
    assert names == {f"{number}.zdict" for number in dictionaries()}
    assert min(dictionaries()) == 1


def test_an_older_dictionary_is_read_for_ever(second: zstandard.ZstdCompressionDict) -> None:
    later = BodyCodec({**dictionaries(), second.dict_id(): second})
    old, new = entry_fragments(1, 2)
    bodies = [CODEC.pack(old), later.pack(new), CODEC.pack(new)]
    numbers = [zstandard.get_frame_parameters(body).dict_id for body in bodies]
    assert numbers == [max(dictionaries()), second.dict_id(), max(dictionaries())]
    assert [opened.decode() for opened in later.unpack(bodies)] == [old, new, new]


def test_an_unknown_dictionary_is_named(second: zstandard.ZstdCompressionDict) -> None:
    (fragment,) = entry_fragments(1, 1)
    body = BodyCodec({second.dict_id(): second}).pack(fragment)
    with pytest.raises(
        UnknownDictionary, match=f"dictionary {second.dict_id()}, which this version of xds lacks"
    ):
        CODEC.unpack([body])


def test_octets_that_are_no_body_are_an_error() -> None:
    (fragment,) = entry_fragments(1, 1)
    whole = CODEC.pack(fragment)
    for broken in (b"", b"<rim:ExtrinsicObject/>", whole[: len(whole) // 2]):
        with pytest.raises((zstandard.ZstdError, ValueError)):
            CODEC.unpack([broken])


def test_threads_do_not_disturb_each_other(second: zstandard.ZstdCompressionDict) -> None:
    codec = BodyCodec({**dictionaries(), second.dict_id(): second})
    together, wrong = threading.Barrier(4), []

    def work(first: int) -> None:
        fragments = entry_fragments(first, 50)
        together.wait()
        for _ in range(10):
            bodies = [(codec if n % 2 else CODEC).pack(fragment) for n, fragment in enumerate(fragments)]
            if b"".join(codec.unpack(bodies)).decode() != "".join(fragments):
                wrong.append(first)

    threads = [threading.Thread(target=work, args=(number * 1_000,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)
