"""The package websockets as a client: client.py SCENARIO URL [SUBPROTOCOL...]; prints one line of JSON about what it saw."""
import asyncio
import json
import sys

import websockets

from echo import echo


async def main(scenario, url, *subprotocols):
    report = {"echoed": []}
    socket = await websockets.connect(url, subprotocols=subprotocols or None, max_size=None)
    report["subprotocol"] = socket.subprotocol
    if scenario == "echo":
        report["echoed"] = await echo(socket, json.load(sys.stdin))
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
