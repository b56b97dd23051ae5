"""What the tests of this ring start, say and see.

Engine: an engine of a test's own on the ring's servers (database, topics, workers).  Client: one `pawl command
send --wait`.  Reader and Subscriber: kcat, which knows nothing of Pawl.  Load: many instances at once, each
command sent again under its id when no answer came.  Broker: the few questions to Kafka that kcat cannot ask.

Nothing here sleeps for its own sake: waits end with what is waited for, or fail at their limit.
"""

from .broker import Broker
from .bus import Message, Reader, instance_in, partition_of, produce
from .client import Client
from .common import LIMIT, ROOT, SHORT_SESSION, Json, alive, program, run_dir, wait_until
from .installation import Done, Engine
from .load import Load
from .servers import SecureServers, Servers, Worker
from .subscriber import SequenceCheck, Subscriber

__all__ = ["LIMIT", "ROOT", "SHORT_SESSION", "Broker", "Client", "Done", "Engine", "Json", "Load", "Message", "Reader",
           "SecureServers", "SequenceCheck", "Servers", "Subscriber", "Worker", "alive", "instance_in", "partition_of",
           "produce", "program", "run_dir", "wait_until"]
