"""As little HTTP/1.1 as a small service needs: no bodies in requests, kept-alive connections, answers with a length."""

from urllib.parse import parse_qs, urlsplit

KEEP_ALIVE_SECONDS = 5
HEAD_BYTES_MAX = 16_384


def serve_http(connection, answer, is_draining):
    """Answers the requests of one connection: `answer(path, query)` gives a status and the bytes of a body."""
    received = b""
    connection.settimeout(KEEP_ALIVE_SECONDS)
    while True:
        while b"\r\n\r\n" not in received:
            if len(received) > HEAD_BYTES_MAX:
                return
            piece = connection.recv(HEAD_BYTES_MAX)
            if not piece:
                return
            received += piece
        head, _, received = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        target = urlsplit(lines[0].split(" ")[1])
        status, body = answer(target.path, {key: values[-1] for key, values in parse_qs(target.query).items()})
        # Asked after the answer was found: what began to drain meanwhile is the last request of this connection.
        closes = is_draining() or any(line.lower().replace(" ", "") == "connection:close" for line in lines[1:])
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'close' if closes else 'keep-alive'}\r\n\r\n".encode()
            + body
        )
        if closes:
            return
