"""`python -m xds` is the `xds` command."""

from xds.cli.main import main

if __name__ == "__main__":  # a process that transcodes images imports this module too
    main()
