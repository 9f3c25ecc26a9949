"""Patient identity feeds: valid messages of each interaction, for tests that change one thing."""

import uuid
from typing import Any

from xds.model import InstanceIdentifier, Interaction, OtherIds, PatientFeed, PatientName

AUTHORITY = "2.999.1.1"
HOSPITAL = "2.999.18.1"
REGISTRY = "2.999.30.1"
SOURCE = "2.999.30.2"


def patient_id(extension: str, root: str = AUTHORITY) -> InstanceIdentifier:
    """An id of the affinity domain."""
    return InstanceIdentifier(root, extension)


def feed(interaction: Interaction = Interaction.ADDED, **changes: Any) -> PatientFeed:
    """A message in which no rule finds anything; a merge subsumes P2 into P1."""
    merge = interaction is Interaction.DUPLICATES_RESOLVED
    fields: dict[str, Any] = {
        "interaction": interaction,
        "interaction_id": InstanceIdentifier("2.16.840.1.113883.1.6", interaction.value),
        "message_id": InstanceIdentifier(str(uuid.uuid4())),
        "creation_time": "20240311153000",
        "processing_code": "P",
        "processing_mode_code": "T",
        "accept_ack_code": "AL",
        "receivers": ((InstanceIdentifier(REGISTRY),),),
        "sender": (InstanceIdentifier(SOURCE),),
        "trigger": interaction.trigger,
        "registration_status": "active",
        "patient_status": "active",
        "patient_ids": (patient_id("P1"),),
        "other_ids": ()
        if merge
        else (OtherIds(ids=(patient_id("MRN-4471", HOSPITAL),), organization=(patient_id("", HOSPITAL),)),),
        "provider": (patient_id(""),),
        "names": (PatientName(family="Roy", given=("Ève", "Anne"), prefix="Dr", suffix="Jr"),),
        "birth_time": "19800229",
        "gender": "F",
        "replacements": 1 if merge else 0,
        "prior_status": "obsolete" if merge else "",
        "prior_ids": (patient_id("P2"),) if merge else (),
    }
    return PatientFeed(**{**fields, **changes})
