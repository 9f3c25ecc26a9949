"""docs/queries.md is what the tables of the stored queries say."""

from pathlib import Path

from xds.model import StoredQuery
from xds.rules import PARAMETERS, query_name
from xds.rules.query_document import page

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m xds.rules.query_document > docs/queries.md"


def test_every_query_and_parameter_is_there() -> None:
    written = page()
    for query in StoredQuery:
        _, _, rest = written.partition(f"## {query_name(query)} (")
        section = rest.partition("\n## ")[0]
        assert query.value in section
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `$")] == [
            row.name for row in PARAMETERS[query]
        ]
