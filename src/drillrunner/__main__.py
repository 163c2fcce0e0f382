"""`python -m drillrunner` is `drill`."""

from drillrunner.cli import main

main()
