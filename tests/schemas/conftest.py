"""The schema sets that the tests of this folder compare."""

from pathlib import Path

import pytest
from lxml import etree

from .validators import official_reference, ours_of, schema_set


@pytest.fixture(scope="session")
def ours() -> etree.XMLSchema:
    """Return our schemas of all message namespaces as one."""
    return schema_set(ours_of("query.xsd", "xds.b.xsd", "soap-envelope-1.2.xsd", "ws-addressing.xsd"))


@pytest.fixture(scope="session")
def wire() -> etree.XMLSchema:
    """Return our schemas with the messages of ITI-41 and ITI-43 as they travel under MTOM."""
    return schema_set(ours_of("query.xsd", "xds.b-wire.xsd", "soap-envelope-1.2.xsd", "ws-addressing.xsd"))


@pytest.fixture(scope="session")
def reference() -> Path:
    """Return the folder of the official schemas and WSDLs; without it the comparisons are skipped."""
    folder = official_reference()
    if not folder.is_dir():
        pytest.skip(
            "no official schemas to compare with: there is no ../shared/reference beside this repository"
        )
    return folder


@pytest.fixture(scope="session")
def official(reference: Path) -> etree.XMLSchema:
    """Return the official schemas of all message namespaces as one."""
    schema = reference / "schema"
    files = (
        "ebRS/query.xsd",
        "IHE/XDS.b_DocumentRepository.xsd",
        "ws/soap-1.2-envelope.xsd",
        "ws/ws-addr.xsd",
    )
    return schema_set(schema / file for file in files)
