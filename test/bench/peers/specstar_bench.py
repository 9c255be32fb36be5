"""Loads a stream into the memory of the real SpecStar and dumps it again. Prints the seconds of both as JSON."""

import io
import json
import sys
import time

from msgspec import Struct
from specstar import SpecStar


class Anything(Struct):
    """Loading does not decode payloads, so the model can have this empty class."""


def empty(model):
    spec = SpecStar()
    spec.add_model(type(model, (Anything,), {}), name=model)
    return spec


def main():
    path, model = sys.argv[1:]
    with open(path, "rb") as file:
        stream = io.BytesIO(file.read())
    first, dumped = empty(model), io.BytesIO()
    began = time.perf_counter()
    loaded = first.load(stream)
    between = time.perf_counter()
    first.dump(dumped)
    ended = time.perf_counter()
    second, again = empty(model), io.BytesIO()
    second.load(io.BytesIO(dumped.getvalue()))
    second.dump(again)
    print(
        json.dumps(
            {
                "load": between - began,
                "dump": ended - between,
                "loaded": {name: stats.loaded for name, stats in loaded.items()},
                "stable": again.getvalue() == dumped.getvalue(),
            }
        )
    )
