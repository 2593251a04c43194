"""Replicas: those of a stack, and further ones beside them with other settings; where their answers came from, and what they use."""

import json
import os
import re
import time

from stack import free_port, request

from .processes import Server

NEAR, SHARED = ("near", "near_stale"), ("shared", "shared_stale")


class Replicas:
    """Some replicas by their addresses ("host:port") and process ids."""

    def __init__(self, addresses, pids):
        self.addresses = addresses
        self.pids = pids

    def reads(self):
        """Source -> answers of the read pipeline so far, all replicas together; "all": every source."""
        found = {}
        for address in self.addresses:
            text = request(f"http://{address}/metrics").text
            for source, count in re.findall(r'^repopulse_reads_total\{source="(\w+)"\} (\S+)', text, re.M):
                found[source] = found.get(source, 0) + int(float(count))
        return {**found, "all": sum(found.values())}


def of_stack(stack):
    parts = {name: part for name, part in stack.status()["parts"].items() if name.startswith("api-")}
    return Replicas([f"127.0.0.1:{part['port']}" for part in parts.values()], [part["pid"] for part in parts.values()])


class Replica(Server):
    """One more replica of a running stack, with these settings instead of the stack's. `seconds`: from its start to its readiness."""

    def __init__(self, stack, name, **settings):
        root = stack.run_dir.resolve()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.seconds = None
        environment = {**json.loads((root / "conf" / "service-environment.json").read_text()), "REPLICA_NAME": name,
                       "API_LISTEN": self.address, "CONTROL_LISTEN": f"127.0.0.1:{free_port()}", **settings}
        owner = root.stat()
        user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        super().__init__(name, [root / "app" / "bin" / "repopulse", "serve"],
                         lambda: request(f"http://{self.address}/readyz", timeout=5).status == 200, environment, root, user)

    def __enter__(self):
        began = time.perf_counter()
        super().__enter__()
        self.seconds = time.perf_counter() - began
        return self


def ready_seconds(stack, rounds):
    """Of replicas started one after the other, each ended before the next begins."""
    found = []
    for _ in range(rounds):
        with Replica(stack, "bench-ready") as replica:
            found.append(round(replica.seconds, 3))
    return found
