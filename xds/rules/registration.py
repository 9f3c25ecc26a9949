"""The rules of ITI-42, in the order in which they are run and reported (ITI TF-2 3.42.4.1.3.3 to .5).

Adding one: write the function in the module of its topic, under its decorator, and a test.
"""

from typing import Final

from xds.rules import (
    associations,
    attributes,
    data_types,
    hl7_values,
    identifiers,
    ontario,
    ownership,
    patients,
    sizes,
    structure,
)
from xds.rules.case import RegistrationCase
from xds.rules.rule import Rule

REGISTRATION: Final[tuple[Rule[RegistrationCase], ...]] = (
    *structure.BOOK.rules,
    *sizes.BOOK.rules,
    *attributes.BOOK.rules,
    *data_types.BOOK.rules,
    *hl7_values.BOOK.rules,
    *patients.BOOK.rules,
    *identifiers.BOOK.rules,
    *associations.BOOK.rules,
    *ownership.BOOK.rules,
    *ontario.BOOK.rules,
)
