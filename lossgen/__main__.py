"""``python -m lossgen``, for where the console script is not on the path."""

from lossgen.cli import main

if __name__ == "__main__":
    main(prog_name="lossgen")
