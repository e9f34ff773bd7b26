"""How many flushes a second the storage of a folder does now: 4 KiB appended and made durable, again and again.

    flushes.py FOLDER SECONDS
"""

import os
import sys
import time

folder, seconds = sys.argv[1], float(sys.argv[2])
path = os.path.join(folder, "flushes.probe")
page = os.urandom(4096)
done = 0
file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
try:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        os.write(file, page)
        os.fdatasync(file)
        done += 1
    print(f"{done / (time.monotonic() - began):.0f}")
finally:
    os.close(file)
    os.unlink(path)
