"""ITI-61 Register On-Demand Document Entry: the Expected Actions of the Document Registry (ITI TF-2 3.61.4.1.3).

Those of ITI-42 with other rules: an On-Demand entry promises a document that its source makes when it is asked.
"""

from typing import ClassVar

from xds.registry.iti42 import RegisterDocumentSet
from xds.rules import ON_DEMAND_REGISTRATION, RegistrationCase, Rule
from xds.transactions import ITI_61, Transaction


class RegisterOnDemandDocumentEntry(RegisterDocumentSet):
    """The transaction."""

    TRANSACTION: ClassVar[Transaction] = ITI_61
    RULES: ClassVar[tuple[Rule[RegistrationCase], ...]] = ON_DEMAND_REGISTRATION
