"""The schema sets that the tests of this folder compare."""

from pathlib import Path

import pytest
from lxml import etree

from . import live
from .validators import official_reference


@pytest.fixture(scope="session")
def ours() -> etree.XMLSchema:
    """Return our schemas of all message namespaces as one."""
    return live.our_schema(documents=False)


@pytest.fixture(scope="session")
def wire() -> etree.XMLSchema:
    """Return our schemas with the messages of ITI-41 and ITI-43 as they travel under MTOM."""
    return live.our_schema(documents=True)


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
    return live.official_schema()


@pytest.fixture(scope="session")
def official_hl7v3(reference: Path) -> etree.XMLSchema:
    """Return HL7's schemas of the messages of ITI-44 as one."""
    return live.official_hl7v3()
