"""Times whole processes, interleaved: timer.py JOBS.json

JOBS.json: {"rounds": n, "warm_up": n, "jobs": [{"name", "argv", "clean"}]}. Rounds run A B C,
A B C, so that a slow minute of the machine hits all alike. Wall time, CPU time and peak
memory of each process come from wait4. `clean` is a folder or file removed before each run,
outside the measured time. Prints one JSON line a run, with the last line the process said;
a process that fails ends it all.
"""
import json
import os
import shutil
import sys
import tempfile
import time


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def run(job, output):
    remove(job["clean"])
    output.seek(0)
    output.truncate()
    to_file = [(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)]
    start = time.monotonic()
    child = os.posix_spawnp(job["argv"][0], job["argv"], os.environ, file_actions=to_file)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    output.seek(0)
    said = output.read().decode(errors="replace")
    if status != 0:
        sys.exit(f"{job['name']} failed ({status}): {' '.join(job['argv'])}\n{said[-2000:]}")
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    said = said.strip().rsplit("\n", 1)[-1]
    return dict(name=job["name"], wall=wall, cpu=cpu, peak=usage.ru_maxrss * unit, said=said)


def main():
    plan = json.load(open(sys.argv[1], encoding="utf-8"))
    with tempfile.TemporaryFile() as output:
        for number in range(-plan["warm_up"], plan["rounds"]):
            for job in plan["jobs"]:
                row = run(job, output)
                if number >= 0:
                    print(json.dumps(row), flush=True)


main()
