"""`weir serve` and `weir connect`: from exec to ready, and resident memory then."""
from common import WEIR, figure, resident_mb, serve, serving


def run(work):
    ready, memory = [], []
    for run in range(7):
        with serve(work / f"serve{run}") as (seconds, _, process):
            ready.append(seconds)
            memory.append(resident_mb(process.pid))
    figure("weir serve: ready", ready, "s", "at most 0.3")
    figure("weir serve: resident when ready", memory, "MB")
    ready, memory = [], []
    for run in range(7):
        with serving([WEIR, "connect", "--home", work / f"connect{run}", "--listen", "127.0.0.1:0"], r"weir: ready (sc\S+)") as (
                seconds, _, process):
            ready.append(seconds)
            memory.append(resident_mb(process.pid))
    figure("weir connect: ready", ready, "s", "at most 0.3")
    figure("weir connect: resident when ready", memory, "MB", "under 100")
