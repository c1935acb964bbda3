"""`python -m camgrid` is the same as `camgrid`."""

from camgrid.cli import main

main()
