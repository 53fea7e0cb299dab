"""The package websockets as a client: client.py SCENARIO URL [SUBPROTOCOL...]; prints one line of JSON about what it saw."""
import asyncio
import base64
import json
import sys

import websockets


def fragments(kind, parts):
    """What send() takes: several fragments, one message; text must not be cut in a character here."""
    if kind == "Text":
        try:
            parts = [part.decode() for part in parts]
        except UnicodeDecodeError:
            parts = [b"".join(parts).decode()]
    return parts if len(parts) > 1 else parts[0]


async def main(scenario, url, *subprotocols):
    report = {"echoed": []}
    socket = await websockets.connect(url, subprotocols=subprotocols or None, max_size=None)
    report["subprotocol"] = socket.subprotocol
    if scenario == "echo":
        for message in json.load(sys.stdin):
            parts = [base64.b64decode(part) for part in message["parts"]]
            await socket.send(fragments(message["kind"], parts))
            echo = await socket.recv()
            whole = b"".join(parts)
            if echo == (whole.decode() if message["kind"] == "Text" else whole):
                report["echoed"].append(message["name"])
        await socket.close()
    elif scenario == "ping":
        answered = await socket.ping(b"are you there?")
        await answered
        report["pong"] = "are you there?"
        await socket.close()
    elif scenario == "pinged":
        await socket.recv()  # The server says when its ping was answered.
        await socket.close()
    elif scenario == "close":
        await socket.close(4002, "enough, ünïcode")
    await socket.wait_closed()
    print(json.dumps({**report, "code": socket.close_code, "reason": socket.close_reason}))


asyncio.run(main(*sys.argv[1:]))
