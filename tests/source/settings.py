"""Settings of a feed for tests."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.source.oru import DOMAIN
from xds.source import FeedSettings, Sender

HCN = "2.16.840.1.113883.4.59"


def settings(
    *,
    zone: str = "America/Toronto",
    facility: str = "LAKEVIEW",
    authorities: dict[str, str] | None = None,
    **more: Any,
) -> FeedSettings:
    sender = Sender(
        facility=facility,
        institution_name="Lakeview Hospital",
        institution_oid="2.999.23.1",
        zone=ZoneInfo(zone),
    )
    values: dict[str, Any] = {
        "data_dir": Path("unused"),
        "repository": "http://127.0.0.1:1/",
        "registry": "http://127.0.0.1:1/",
        "source_id": "2.999.4.1",
        "patient_authority": DOMAIN,
        "senders": (sender,),
        "authorities": {"CANON": HCN, **(authorities or {})},
    }
    return FeedSettings(**(values | more))
