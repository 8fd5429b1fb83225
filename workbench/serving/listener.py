"""A listening TCP socket, and its address as a URL."""

from __future__ import annotations

import errno
import os
import socket

from workbench.errors import WorkbenchError

BACKLOG = 2048


def listen(address: str, port: int) -> socket.socket:
    """Open a socket that listens at an IPv4 or IPv6 address, or at a host name.

    Args:
        address: address or name of this machine, such as 127.0.0.1, ::1 or localhost; 0.0.0.0 for all addresses.
        port: TCP port; 0 = a free port.

    Raises:
        WorkbenchError: the port is in use, or the address belongs to another machine.
    """
    place = f"{address}:{port}"
    try:
        family, *_ = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise WorkbenchError(
                "another program already listens at this address",
                where=place,
                remedy="Stop the other program, or choose another port; --port 0 takes a free port",
            ) from error
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise WorkbenchError(
            f"cannot listen at this address: {why}", where=place, remedy="Choose another --host or --port"
        ) from error
    # The server sends a response in two writes. Without TCP_NODELAY, the second write waits for the client's delayed
    # ACK, 40 ms. Accepted connections inherit the option.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a slash at the end."""
    address, port, *_ = listener.getsockname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
