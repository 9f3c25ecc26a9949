"""Consent as JSON: what `xds consent --json` and the API answer."""

from xds.access import Directive, Override
from xds.store import ConsentView, DirectiveView


def consent_json(view: ConsentView) -> dict[str, object]:
    """Everything of one patient: what is over too."""
    return {
        "directives": [_view_json(item) for item in view.directives],
        "overrides": [override_json(item) for item in view.overrides],
    }


def directive_json(item: Directive) -> dict[str, object]:
    """A directive as it was set."""
    return {
        "number": item.number,
        "kind": item.kind.value,
        "target": item.target,
        "reason": item.reason,
        "author": item.author,
        "custodian": item.custodian,
        "made_at": item.made_at.isoformat(),
    }


def _view_json(item: DirectiveView) -> dict[str, object]:
    return directive_json(item.directive) | {
        "effect": "restrict" if item.lifted_at is None else "reinstate",
        "lifted_at": None if item.lifted_at is None else item.lifted_at.isoformat(),
        "lifted_by": item.lifted_by,
        "lift_reason": item.lift_reason,
    }


def override_json(item: Override) -> dict[str, object]:
    """An override; the patient is who was asked about."""
    return {
        "number": item.number,
        "organization": item.organization,
        "person": item.person,
        "purpose": item.purpose,
        "reason": item.reason,
        "author": item.author,
        "started_at": item.started_at.isoformat(),
        "ends_at": item.ends_at.isoformat(),
        "ended_at": None if item.ended_at is None else item.ended_at.isoformat(),
    }
