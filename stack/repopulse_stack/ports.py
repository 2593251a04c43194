"""Loopback ports of a stack's own servers: chosen once, remembered in RUN_DIR, chosen anew when taken."""

import errno
import hashlib
import json
import os
import socket

# Below the range from which Linux takes ports for outgoing connections, so that a restarted part finds its port free.
FIRST, LAST = 20000, 31999
BLOCK = 40


def is_free(address, port):
    """None when nobody listens there, else the error. Connections of an earlier server that still close do not count."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error
    return None


def is_taken_error(error):
    return error is not None and error.errno == errno.EADDRINUSE


def choose(layout, replicas, demo):
    """{part: [port, ...]}: two for each replica (requests, maintenance), one for the simulated GitHub."""
    try:
        base = int(json.loads(layout.ports_file.read_text())["first"])
    except (OSError, ValueError, KeyError, TypeError):
        base = 0
    if not base or not _all_free(_of_block(base, replicas, demo)):
        base = _free_block(layout.root, replicas, demo)
        layout.ports_file.write_text(json.dumps({"first": base}))
    return _of_block(base, replicas, demo)


def _of_block(base, replicas, demo):
    chosen = {"github": [base]} if demo else {}
    for number in range(replicas):
        chosen[f"api-{chr(ord('a') + number)}"] = [base + 1 + 2 * number, base + 2 + 2 * number]
    return chosen


def _all_free(chosen):
    return all(is_free("127.0.0.1", port) is None for ports in chosen.values() for port in ports)


def _free_block(root, replicas, demo):
    """Where the search begins depends on the folder, so that stacks started at once do not meet."""
    blocks = (LAST - FIRST + 1) // BLOCK
    start = int.from_bytes(hashlib.sha256(os.fsencode(root)).digest()[:4], "big") % blocks
    for step in range(blocks):
        base = FIRST + (start + step) % blocks * BLOCK
        if _all_free(_of_block(base, replicas, demo)):
            return base
    raise OSError(f"no free block of ports from {FIRST} to {LAST}")
