"""Listeners to events, who are clients of a `crowd.Crowd`."""

import re
import time
from dataclasses import dataclass

from benchmarks.tools.crowd import Client

EVENTS = "/api/events"
EVENT = re.compile(rb'data: .*?"captured_at":([\d.]+).*\n\n')
"""An event with at least one camera, and when its newest frame was captured."""
CHUNK = 65536


@dataclass
class Listener(Client):
    """One listener's connection; each whole event is an arrival."""

    def take(self, most: int = CHUNK) -> bool:
        """Read what is there, up to a number of bytes; False if the stream has ended."""
        try:
            data = self.connection.recv(most)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.taken += len(data)
        self.carried += data
        read = 0
        for found in EVENT.finditer(self.carried):
            self.arrivals.append((time.time(), float(found[1])))
            read = found.end()
        self.carried = self.carried[read:]
        return bool(data)
