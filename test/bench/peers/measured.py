"""Runs the main function of a Python package, and writes its CPU time and peak memory to a file as JSON.

Usage: measured.py FILE MODULE:FUNCTION [MODULE.NAME=NUMBER …] -- ARGUMENT …
Each MODULE.NAME=NUMBER sets a constant of a module first.
"""

import atexit
import importlib
import json
import resource
import sys


def write_usage(path):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open(path, "w") as file:
        # Linux reports the memory in KiB.
        json.dump({"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}, file)


def main():
    separator = sys.argv.index("--")
    path, target, *constants = sys.argv[1:separator]
    atexit.register(write_usage, path)
    for constant in constants:
        name, value = constant.split("=")
        module, attribute = name.rsplit(".", 1)
        setattr(importlib.import_module(module), attribute, float(value))
    module, function = target.split(":")
    sys.argv = [module, *sys.argv[separator + 1 :]]
    sys.exit(getattr(importlib.import_module(module), function)())


main()
