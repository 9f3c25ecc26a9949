"""ITI-51 Multi-Patient Stored Query: the Expected Actions of the Document Registry (ITI TF-2 3.51.4.1.3).

They are those of ITI-18, of its own queries. This registry has the PatientId Only Option: patients alone may be asked
for. No answer is refused for spanning patients; of several patients some of whom are unknown it holds the others.
"""

from typing import ClassVar

from xds.registry.iti18 import RegistryStoredQuery


class MultiPatientStoredQuery(RegistryStoredQuery):
    """The transaction."""

    transaction: ClassVar = "ITI-51"
