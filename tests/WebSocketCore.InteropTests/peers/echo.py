"""What the clients of the package websockets share."""
import base64


def fragments(kind, parts):
    """What send() takes: several fragments, one message; text must not be cut in a character here."""
    if kind == "Text":
        try:
            parts = [part.decode() for part in parts]
        except UnicodeDecodeError:
            parts = [b"".join(parts).decode()]
    return parts if len(parts) > 1 else parts[0]


async def echo(socket, messages):
    """Sends each message. Returns the names of those that came back as they were."""
    echoed = []
    for message in messages:
        parts = [base64.b64decode(part) for part in message["parts"]]
        await socket.send(fragments(message["kind"], parts))
        received = await socket.recv()
        whole = b"".join(parts)
        if received == (whole.decode() if message["kind"] == "Text" else whole):
            echoed.append(message["name"])
    return echoed
