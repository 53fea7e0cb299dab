"""
The package websockets as a server: server.py [SETTINGS...]; with a port for each setting of compression in JSON, or with the package's own setting.
Prints one line of JSON with each port, then one about the end of each connection; ends with its standard input.
"""
import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from deflate import agreed, named


async def handle(socket):
    path = socket.path if hasattr(socket, "path") else socket.request.path
    try:
        if path == "/echo":
            async for message in socket:
                await socket.send(message)
        elif path == "/fragments":
            async for message in socket:
                third = -(-len(message) // 3)
                await socket.send([message[:third], message[third : 2 * third], message[2 * third :]])
        elif path == "/ping":
            answered = await socket.ping(b"are you there?")
            await answered
            await socket.send("are you there?")
        elif path == "/close":
            await socket.close(4001, "so long, ünïcode")
        await socket.wait_closed()
    finally:
        print(json.dumps({"code": socket.close_code, "reason": socket.close_reason, "extensions": agreed(socket)}), flush=True)


async def main(*settings):
    compressions = [{"compression": None, "extensions": [ServerPerMessageDeflateFactory(**named(json.loads(each)))]} for each in settings]
    for compression in compressions or [{}]:
        server = await websockets.serve(handle, "127.0.0.1", 0, subprotocols=["chat.v2"], max_size=None, **compression)
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
