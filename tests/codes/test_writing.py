"""What is written is read again as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.codes.test_toolkit import SAMPLE
from xds.codes import ATTRIBUTES, CodeLists, as_toml, load_codes

# What XML may hold, and what a TOML file has to escape.
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
KEYS = st.tuples(TEXTS, TEXTS)


@st.composite
def code_lists(draw: st.DrawFn) -> CodeLists:
    codes = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), st.frozensets(KEYS, max_size=5)))
    mime_types = draw(st.none() | st.frozensets(TEXTS.map(str.lower).filter(lambda x: x == x.lower())))
    displays = {key: draw(TEXTS) for found in codes.values() for key in found}
    return CodeLists(
        codes=codes,
        mime_types=mime_types,
        displays=displays,
        assigning_authorities=tuple(draw(st.lists(TEXTS))),
    )


@given(code_lists())
def test_round_trip(lists: CodeLists) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "codes.toml"
        path.write_text(as_toml(lists), "utf-8")
        assert load_codes(path) == CodeLists(codes=lists.codes, mime_types=lists.mime_types)


def test_it_is_written_for_a_reader(tmp_path: Path) -> None:
    text = as_toml(load_codes(SAMPLE))
    assert '    "IMAGES",  # Images\n    "REPORTS",  # Reports\n]' in text
    assert "#   2.999.1.1\n" in text
    assert text.index("[classCode]") < text.index("[contentTypeCode]") < text.index("[codeList]")
