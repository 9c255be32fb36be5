"""Loads two archives with the real SpecStar and compares the metadata, revisions, payloads and blobs in its stores."""

import io
import json
import sys

from msgspec import Struct, msgpack
from specstar import SpecStar
from specstar.resource_manager.dump_format import BlobRecord, DumpStreamReader, ModelStartRecord


class Anything(Struct):
    """Loading does not decode payloads, so every model can have this empty class."""


def names_and_blobs(data):
    names, blobs = [], []
    for record in DumpStreamReader(io.BytesIO(data)):
        if isinstance(record, ModelStartRecord):
            names.append(record.model_name)
        if isinstance(record, BlobRecord):
            blobs.append((names[-1], record.file_id))
    return names, blobs


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    names, blobs = names_and_blobs(data)
    spec = SpecStar()
    for name in names:
        spec.add_model(type(name, (Anything,), {}), name=name)
    stats = spec.load(io.BytesIO(data))
    store = {}
    for name in names:
        storage = spec.resource_managers[name].storage
        for meta in storage.dump_meta(None):
            store[f"{name} {meta.resource_id}"] = msgpack.encode(meta)
            for info, content in storage.dump_resource(meta.resource_id):
                key = f"{name} {info.revision_id} {info.schema_version}"
                store[key] = (msgpack.encode(info), content.read())
    for name, file_id in blobs:
        blob = spec.resource_managers[name].blob_store.get(file_id)
        store[f"{name} blob {file_id}"] = (blob.data, str(blob.size), str(blob.content_type))
    counts = {name: stat.loaded for name, stat in stats.items()}
    return store, counts


def main():
    (first, first_counts), (second, second_counts) = load(sys.argv[1]), load(sys.argv[2])
    different = sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
    print(json.dumps({"compared": len(first), "different": different, "loaded": [first_counts, second_counts]}))


main()
