"""Makes spyne 2.14 importable on every supported Python; import it before anything of spyne.

spyne vendors a `six` of 2015 that fails from Python 3.12 on, and imports `cgi`, which Python 3.13 took out of
the standard library (the `legacy-cgi` package puts it back) and 3.11 and 3.12 warn of.
"""

import importlib
import operator
import sys
import types
import warnings

import six

_VENDORED = "spyne.util.six"
_MOVES = (
    "collections_abc",
    "http_client",
    "http_cookies",
    "urllib",
    "urllib.error",
    "urllib.parse",
    "urllib.request",
)


def _use_released_six() -> None:
    module = types.ModuleType(_VENDORED)
    module.__dict__.update({name: value for name, value in vars(six).items() if name != "__name__"})
    # The one thing that spyne's copy has beyond the released six.
    vars(module)["get_function_name"] = operator.attrgetter("__name__")
    sys.modules[_VENDORED] = module
    sys.modules[f"{_VENDORED}.moves"] = six.moves
    for name in _MOVES:
        sys.modules[f"{_VENDORED}.moves.{name}"] = importlib.import_module(f"six.moves.{name}")


_use_released_six()
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import spyne.protocol.soap.soap12  # noqa: F401  # imported for its effect: cached without the warning
