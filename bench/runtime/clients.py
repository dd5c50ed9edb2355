"""How each client does the same thing. Each text runs in a process of its own."""

from typing import Final

# Sets `get(name)`: fetch and decrypt one parameter, uncached where `fresh` is wanted.
CLIENTS: Final = {
    "ours": """
from ssm_securestring import SecureStrings
cached, uncached = SecureStrings(), SecureStrings(ttl_seconds=0)
get, fresh, many = cached.get, uncached.get, cached.get_many
expire = cached.invalidate
""",
    "boto3": """
import boto3
client = boto3.client("ssm")
def fresh(name): return client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
def many(names):
    names = list(names)
    return [client.get_parameters(Names=names[i:i+10], WithDecryption=True) for i in range(0, len(names), 10)]
get = fresh
def expire(): pass
""",
    "powertools": """
from aws_lambda_powertools.utilities import parameters
provider = parameters.SSMProvider()
def get(name): return provider.get(name, decrypt=True)
def fresh(name): return provider.get(name, decrypt=True, force_fetch=True)
def many(names): return provider.get_parameters_by_name({name: {} for name in names}, decrypt=True)
expire = provider.clear_cache
""",
    "ssm-cache": """
from ssm_cache import SSMParameter, SSMParameterGroup
known = {}
def get(name):
    if name not in known: known[name] = SSMParameter(name, max_age=300)
    return known[name].value
def fresh(name): return SSMParameter(name).value
def many(names):
    group = SSMParameterGroup()
    all = [group.parameter(name) for name in names]
    return [each.value for each in all]
def expire():
    for each in known.values(): each._last_refresh_time = None
""",
}

FIRST_VALUE: Final = """
import time; start = time.perf_counter()
{client}
fresh("/x")
took = time.perf_counter() - start
import json
# Not getrusage: its maximum is inherited from the parent process.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([took * 1e3, int(peak.split()[1]) / 1024]))
"""

IMPORT: Final = """
import time; start = time.perf_counter()
import ssm_securestring
print([(time.perf_counter() - start) * 1e3])
"""

CACHED: Final = """
import json, time, timeit
{client}
class Baseline:
    def __init__(self): self.known = {{"/x": ("value", time.monotonic() + 300)}}
    def get(self, name):
        entry = self.known.get(name)
        if entry is not None and time.monotonic() < entry[1]: return entry[0]
get("/x")
look = Baseline().get
def took(call): return timeit.timeit(lambda: call("/x"), number={times}) / {times} * 1e9
# Short pieces, in turn; the quickest of each were not disturbed by others on this machine.
pieces = [(took(get), took(look)) for _ in range(100)]
print(json.dumps([min(each) for each in zip(*pieces)]))
"""

UNCACHED: Final = """
import json, time
{client}
fresh("/x")
start = time.process_time()
for _ in range(300): fresh("/x")
print(json.dumps([(time.process_time() - start) / 300 * 1e6]))
"""

# Prints how long a hundred names took, and one: a round trip as this client and this machine make it.
MANY: Final = """
import json, statistics, time
{client}
fresh("/x")
def took(call, wanted):
    start = time.perf_counter()
    call(wanted)
    return (time.perf_counter() - start) * 1e3
one = statistics.median(took(fresh, "/x") for _ in range(5))
print(json.dumps([took(many, [f"/{{number}}" for number in range(100)]), one]))
"""

THREADS: Final = """
import threading
{client}
names = {names}
get(names[0])
expire()
barrier = threading.Barrier(33)
def run(name): barrier.wait(); get(name)
threads = [threading.Thread(target=run, args=(name,)) for name in names]
for thread in threads: thread.start()
barrier.wait()
for thread in threads: thread.join()
print([])
"""
