"""Questions that tell whether a part is ready. Each returns True or False, never raises, and waits a second at most."""

import asyncio
import functools

ANSWER_SECONDS = 1.0


def _bounded(question):
    @functools.wraps(question)
    async def ask(*arguments):
        try:
            return await asyncio.wait_for(question(*arguments), ANSWER_SECONDS)
        except (OSError, EOFError, ValueError, IndexError, asyncio.TimeoutError):
            return False
    return ask


@_bounded
async def database_answers(path):
    """The server greets whom it would serve: a packet of protocol version 10; 255 is an error."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        greeting = await reader.readexactly(5)
        return greeting[4] == 10
    finally:
        writer.close()


@_bounded
async def redis_answers(path, password):
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        if password:
            secret = password.encode()
            writer.write(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret))
            await reader.readline()
        writer.write(b"*1\r\n$4\r\nPING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    finally:
        writer.close()


@_bounded
async def http_answers(address, port, path):
    status, _ = await _get(address, port, path)
    return status == 200


@_bounded
async def http_speaks(address, port, path):
    """Any answer, an error too."""
    status, _ = await _get(address, port, path)
    return status > 0


@_bounded
async def has_rows(address, port, path):
    """Whether a list of the API has at least one entry."""
    status, body = await _get(address, port, path)
    return status == 200 and b'"data":[]' not in body.replace(b" ", b"") and body.strip() not in (b"", b"[]")


async def _get(address, port, path):
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: repopulse\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        # Enough to see what kind of answer it is; a keep-alive server would not end it.
        return status, await reader.read(4096)
    finally:
        writer.close()
