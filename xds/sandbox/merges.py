"""The merges of the seed, as their patient identity source tells them (ITI-44 duplicates resolved)."""

from collections.abc import Iterator
from typing import Final

from xds.model import INTERACTIONS_ROOT, InstanceIdentifier, Interaction, PatientFeed, PatientName
from xds.sandbox.ids import ECID_AUTHORITY, IDENTITY_SOURCE
from xds.sandbox.patients import PATIENTS

_RECEIVER: Final = "2.999.30.2"
"""The registry's device, where it names none of its own (`registry.device_id`)."""


def seed_merges() -> Iterator[PatientFeed]:
    """One message for each patient who had another id; what was published under it stays as it is."""
    for patient in PATIENTS:
        if patient.former_number is None:
            continue
        interaction = Interaction.DUPLICATES_RESOLVED
        yield PatientFeed(
            interaction=interaction,
            interaction_id=InstanceIdentifier(INTERACTIONS_ROOT, interaction.value),
            processing_code="T",
            processing_mode_code="T",
            accept_ack_code="AL",
            receivers=((InstanceIdentifier(_RECEIVER),),),
            sender=(InstanceIdentifier(IDENTITY_SOURCE),),
            trigger=interaction.trigger,
            registration_status="active",
            patient_status="active",
            patient_ids=(InstanceIdentifier(ECID_AUTHORITY, f"P{patient.number}"),),
            provider=(InstanceIdentifier(ECID_AUTHORITY),),
            names=(PatientName(family=patient.family, given=patient.given),),
            birth_time=patient.birth_date,
            gender=patient.sex,
            replacements=1,
            prior_status="obsolete",
            prior_ids=(InstanceIdentifier(ECID_AUTHORITY, f"P{patient.former_number}"),),
        )
