"""One authority for all tests of certificates: making keys takes time."""

import pytest

from xds.pki import Authority


@pytest.fixture(scope="package")
def authority() -> Authority:
    return Authority.made()


@pytest.fixture(scope="package")
def other_authority() -> Authority:
    return Authority.made("Another authority")
