"""`python -m vitrina` is the command line."""

from vitrina.cli.app import main

main()
