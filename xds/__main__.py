"""`python -m xds` is the `xds` command."""

from xds.cli.main import main

main()
