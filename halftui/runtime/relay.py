"""Starts an agent's program with a way to the attempt's web proxy: a port in its sandbox leads to a socket.

Runs inside the sandbox, where nothing of HalfTUI is installed: it imports the standard library alone.
"""

import os
import socket
import sys

CHUNK = 65_536
HERE = "127.0.0.1"


def main(port: str, path: str, *command: str) -> None:
    """Listen, leave the passing on to a child, and become the program."""
    listener = socket.create_server((HERE, int(port)), backlog=64)
    if os.fork() == 0:
        _serve(listener, path)
    listener.close()
    os.execvp(command[0], command)


def _serve(listener: socket.socket, path: str) -> None:
    """Pass connections on until the sandbox ends. Holds none of the program's streams open."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)

    import asyncio  # by now the program has begun: it does not wait for this

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK):
                sink.write(chunk)
                await sink.drain()
            sink.write_eof()
        except OSError:
            sink.transport.abort()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_unix_connection(path)
        except OSError:  # no board is there; the next one listens on the same path
            writer.transport.abort()
            return
        await asyncio.gather(copy(reader, forth), copy(back, writer))
        for end in (writer, forth):
            end.close()

    async def serve() -> None:
        server = await asyncio.start_server(attend, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
