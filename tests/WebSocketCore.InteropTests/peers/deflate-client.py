"""The package websockets as a client that compresses: connects as its input says, and prints one line of JSON for each connection."""
import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from deflate import agreed, named
from echo import echo


async def main(messages, table):
    for each in table:
        offer = ClientPerMessageDeflateFactory(**named(each["offer"]))
        async with websockets.connect(each["url"], compression=None, extensions=[offer], max_size=None) as socket:
            report = {"extensions": agreed(socket), "echoed": await echo(socket, messages)}
        print(json.dumps(report), flush=True)


asyncio.run(main(**json.load(sys.stdin)))
