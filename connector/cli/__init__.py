"""The command line: one file per noun, `root.py` puts them together, `output.py` says how everything is printed."""

from connector.cli.root import main as main
