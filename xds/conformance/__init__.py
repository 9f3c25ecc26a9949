"""Test plans of our own and the runner that drives any vendor's registry or repository with them.

A plan is a data file under ``plans/``. Messages are built by the codecs that the client uses; answers are judged
from their octets by XPath alone, so that a fault of our codecs cannot hide itself.
"""

from xds.conformance.plan import Plan, PlanError, Step, load_plans
from xds.conformance.report import Report, read_report, write_report
from xds.conformance.runner import Run, Unreachable, run_plans
from xds.conformance.target import OPTIONS, Target, TargetError
from xds.conformance.verification import verify

__all__ = [
    "OPTIONS",
    "Plan",
    "PlanError",
    "Report",
    "Run",
    "Step",
    "Target",
    "TargetError",
    "Unreachable",
    "load_plans",
    "read_report",
    "run_plans",
    "verify",
    "write_report",
]
