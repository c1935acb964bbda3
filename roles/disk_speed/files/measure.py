"""How fast the disk below a directory is, as JSON: commits, writing, reading here and there. Takes about 12 seconds.

Arguments: a directory, there already or not yet, and one on the disk of the WAL, if it has one. What it writes, at most
1 GiB and a tenth of what is free, it removes.
"""

import json
import mmap
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

BLOCK = 8192  # PostgreSQL's
CHUNK = 1024 * 1024
NAME = ".camgrid-disk-speed"
# What PostgreSQL writes at a commit: a block, at a place that was written before, as WAL's segments are used again.
SEGMENT = 16 * CHUNK
READERS = 64
SECONDS = {"write": 4, "commit": 3, "read_one": 2, "read_all": 3}


def room(directory):
    """The nearest directory that is there, and how many bytes may be written in it."""
    place = Path(directory)
    while not place.is_dir():
        place = place.parent
    free = os.statvfs(place)
    return place, min(1024 * CHUNK, free.f_bavail * free.f_frsize // 10) // CHUNK * CHUNK, free.f_blocks * free.f_frsize


def opened(path, flags):
    """A descriptor past the page cache, where the filesystem has such."""
    try:
        return os.open(path, flags | os.O_DIRECT, 0o600)
    except OSError:
        return os.open(path, flags, 0o600)


def write(path, size):
    """Bytes written, and MiB a second, with what the drive's own cache holds at the end."""
    chunk = mmap.mmap(-1, CHUNK)
    chunk.write(os.urandom(CHUNK))
    descriptor, written, begun = opened(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), 0, time.monotonic()
    while written < SEGMENT or (written < size and time.monotonic() - begun < SECONDS["write"]):
        os.pwrite(descriptor, chunk, written)
        written += CHUNK
    os.fsync(descriptor)
    took = time.monotonic() - begun
    os.close(descriptor)
    return written, written / CHUNK / took


def commit(path):
    """Blocks a second, each of them flushed as wal_sync_method = fdatasync does it."""
    block, count, begun = os.urandom(BLOCK), 0, time.monotonic()
    descriptor = os.open(path, os.O_RDWR)
    while time.monotonic() - begun < SECONDS["commit"]:
        os.pwrite(descriptor, block, count * BLOCK % SEGMENT)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / (time.monotonic() - begun)


def read_one(path, size, seconds):
    """How many blocks one reader gets."""
    buffer, count, begun = mmap.mmap(-1, BLOCK), 0, time.monotonic()
    places = random.Random()  # noqa: S311  no secret
    descriptor = opened(path, os.O_RDONLY)
    while time.monotonic() - begun < seconds:
        os.preadv(descriptor, [buffer], places.randrange(size // BLOCK) * BLOCK)
        count += 1
    os.close(descriptor)
    return count


def read_some(path, size, seconds, readers):
    """How many blocks several readers of one process get."""
    with ThreadPoolExecutor(readers) as pool:
        return sum(pool.map(lambda _: read_one(path, size, seconds), range(readers)))


def read_all(path, size):
    """Blocks a second of READERS readers, spread over processes: one would wait for its own interpreter."""
    processes, seconds = min(len(os.sched_getaffinity(0)), 8), SECONDS["read_all"]
    each, arguments = READERS // processes, (path, size, seconds)
    with ProcessPoolExecutor(processes) as pool:
        return (
            sum(task.result() for task in [pool.submit(read_some, *arguments, each) for _ in range(processes)])
            / seconds
        )


def main():
    directory, size, total = room(sys.argv[1])
    if size < 4 * SEGMENT:
        sys.exit(f"{directory}: a tenth of what is free is {size // CHUNK} MiB, and less than 64 MiB measure nothing")
    path, wal = directory / NAME, Path(sys.argv[2]) / NAME
    if not wal.parent.is_dir() or os.statvfs(wal.parent).f_bavail * os.statvfs(wal.parent).f_frsize < 4 * SEGMENT:
        wal = path
    try:
        written, speed = write(path, size)
        if wal != path:
            write(wal, SEGMENT)
        found = {
            "write_mb_s": round(speed),
            "commits_s": round(commit(wal)),
            "reads_one_s": round(read_one(path, written, SECONDS["read_one"]) / SECONDS["read_one"]),
            "reads_s": round(read_all(path, written)),
        }
    finally:
        path.unlink(missing_ok=True)
        wal.unlink(missing_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps(found | {"size_mb": total // CHUNK, "directory": str(directory), "measured_at": stamp}))


if __name__ == "__main__":
    main()
