"""The gateway between communities (XCA), Initiating and Responding, one module per transaction."""

from xds.gateway.communities import Communities, Community
from xds.gateway.fan_out import FanOut
from xds.gateway.iti18 import InitiatingQuery
from xds.gateway.iti38 import RespondingQuery
from xds.gateway.iti39 import RespondingRetrieve
from xds.gateway.iti43 import InitiatingRetrieve
from xds.gateway.local import forwarded_query, forwarded_retrieve

__all__ = [
    "Communities",
    "Community",
    "FanOut",
    "InitiatingQuery",
    "InitiatingRetrieve",
    "RespondingQuery",
    "RespondingRetrieve",
    "forwarded_query",
    "forwarded_retrieve",
]
