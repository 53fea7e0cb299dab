"""The settings of compression as the package websockets names them, and what came of them."""
import re


def named(settings):
    """{"serverMaxWindowBits": 9} as {"server_max_window_bits": 9}."""
    return {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name): value for name, value in settings.items()}


def agreed(socket):
    """Sec-WebSocket-Extensions of the response; older versions of the package have it elsewhere."""
    headers = socket.response_headers if hasattr(socket, "response_headers") else socket.response.headers
    return headers.get("Sec-WebSocket-Extensions")
