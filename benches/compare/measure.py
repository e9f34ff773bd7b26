"""Runs a command and says what it cost: seconds on the clock, CPU seconds (user and system), peak memory in KiB.

    measure.py RESULT COMMAND…       the four figures go to the file RESULT; the command's output goes where it would go
"""

import os
import sys
import time

result, *command = sys.argv[1:]
began = time.monotonic()
child = os.spawnvp(os.P_NOWAIT, command[0], command)
_, status, used = os.wait4(child, 0)
seconds = time.monotonic() - began
with open(result, "w", encoding="ascii") as out:
    out.write(f"{seconds:.4f} {used.ru_utime:.4f} {used.ru_stime:.4f} {used.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
