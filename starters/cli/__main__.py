"""`python -m starters.cli`: the same as `mentora`, from a checkout that is not installed."""

from starters.cli.main import main

if __name__ == "__main__":
    main()
