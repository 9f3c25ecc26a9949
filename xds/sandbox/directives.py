"""The consent directives of the seed: three patients withhold something."""

from dataclasses import dataclass

from xds.access import DirectiveKind
from xds.sandbox.catalogue import documents_of, patient_with
from xds.sandbox.patients import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDirective:
    """What a patient of the seed withholds."""

    patient_id: str  # CX
    kind: DirectiveKind
    target: str = ""


def seed_directives() -> tuple[SeedDirective, ...]:
    """Everything of one, the first report of another, and of a third everything from the people of their hospital."""
    everything, report, agent = map(patient_with, (Story.DOMAIN_BLOCK, Story.RECORD_BLOCK, Story.AGENT_BLOCK))
    return (
        SeedDirective(patient_id=everything.patient_id, kind=DirectiveKind.DOMAIN),
        SeedDirective(
            patient_id=report.patient_id,
            kind=DirectiveKind.RECORD,
            target=documents_of(report)[0].unique_id,
        ),
        SeedDirective(patient_id=agent.patient_id, kind=DirectiveKind.HIC_AGENT, target=agent.sites[0].oid),
    )
