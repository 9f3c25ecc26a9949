"""The schema sets that the tests of this folder compare."""

from pathlib import Path

import pytest
from lxml import etree

from .validators import HL7, XS, official_reference, ours_of, schema_set


@pytest.fixture(scope="session")
def ours() -> etree.XMLSchema:
    """Return our schemas of all message namespaces as one."""
    return schema_set(
        ours_of(
            "query.xsd", "xds.b.xsd", "rmd.xsd", "hl7v3.xsd", "soap-envelope-1.2.xsd", "ws-addressing.xsd"
        )
    )


@pytest.fixture(scope="session")
def wire() -> etree.XMLSchema:
    """Return our schemas with the messages of ITI-41 and ITI-43 as they travel under MTOM."""
    return schema_set(
        ours_of("query.xsd", "xds.b-wire.xsd", "hl7v3.xsd", "soap-envelope-1.2.xsd", "ws-addressing.xsd")
    )


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
        "IHE/RMD.xsd",
        "ws/soap-1.2-envelope.xsd",
        "ws/ws-addr.xsd",
    )
    return schema_set(schema / file for file in files)


@pytest.fixture(scope="session")
def official_hl7v3(reference: Path) -> etree.XMLSchema:
    """Return HL7's schemas of the messages of ITI-44 as one: two imports of one namespace would lose the second."""
    folder = reference / "schema" / "HL7V3" / "NE2008" / "multicacheschemas"
    driver = etree.Element(XS + "schema", targetNamespace=HL7, nsmap={None: HL7})  # type: ignore[dict-item]
    for name in ("PRPA_IN201301UV02", "PRPA_IN201302UV02", "PRPA_IN201304UV02", "MCCI_IN000002UV01"):
        etree.SubElement(driver, XS + "include", schemaLocation=(folder / f"{name}.xsd").as_uri())
    return etree.XMLSchema(driver)
