"""Upstreams on bare sockets, which may break off and say what they like, and requests to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

import httpx2

from pointsman.serve.upstream import AiohttpTransport

LIMITS = {"connect": 0.3, "write": 0.3, "read": 0.3, "pool": 0.3}


def request(url, content=b"{}", limits=LIMITS, **headers):
    return httpx2.Request(
        "POST", url, content=content, headers={"accept": "x/y", **headers}, extensions={"timeout": limits}
    )


async def whole(transport, asked):
    response = await transport.handle_async_request(asked)
    try:
        return response, b"".join([piece async for piece in response.stream])
    finally:
        await response.aclose()


def sent(asked, transport=None):
    async def main():
        async with transport or AiohttpTransport() as made:
            return await whole(made, asked)

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def listening(answer, **settings):
    """Serve connections with a function of reader and writer."""
    running = set()

    async def connected(reader, writer):
        running.add(asyncio.current_task())
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, **settings)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def says(*pieces, hold=False, reset=False):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        if hold:
            await asyncio.sleep(60)
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return answer


async def takes_nothing(reader, writer):
    await asyncio.sleep(60)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
