"""Sends imports to the routes of the real SpecStar, one after the other, and prints the answers.

Reads a list of `{path, file}` from the standard input. Calls the application directly, without a server.
"""

import asyncio
import json
import sys

from fastapi import FastAPI
from msgspec import Struct
from specstar import SpecStar

BOUNDARY = "boundary"


class Anything(Struct):
    """Importing does not decode payloads, so every model can have this empty class."""


def create_application():
    spec = SpecStar()
    for name in ("character", "guild", "item"):
        spec.add_model(type(name, (Anything,), {}), name=name)
    application = FastAPI()
    spec.apply(application)
    return application


def form(content):
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="x.acbak"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


async def send(application, path, content):
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    messages = []

    async def receive():
        return {"type": "http.request", "body": form(content), "more_body": False}

    async def collect(message):
        messages.append(message)

    await application(scope, receive, collect)
    body = b"".join(message.get("body", b"") for message in messages)
    headers = dict(messages[0]["headers"])
    return {
        "status": messages[0]["status"],
        "type": headers[b"content-type"].decode(),
        "body": json.loads(body),
    }


async def main():
    application = create_application()
    answers = []
    for request in json.load(sys.stdin):
        with open(request["file"], "rb") as file:
            answers.append(await send(application, request["path"], file.read()))
    print(json.dumps(answers))


asyncio.run(main())
