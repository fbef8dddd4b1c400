"""Seconds per PDF: built reports printed in one browser, as many at a time as there are cores.

    python benchmarks/bench_pdf.py REPORTS [--count N]

REPORTS is a folder that `llmcost report --out` filled; its reports are printed in turn until N are
done, into a folder that is thrown away. `start` is the time to find and start the browser and to
print the first report on it.

Printed on two cores for 100 reports: 0.52 s each.
"""

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path

from llmcost.report.pdf import browser_path, write_pdfs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", metavar="REPORTS", type=Path)
    parser.add_argument(
        "--count", metavar="N", type=int, default=100, help="PDFs to print (default: %(default)s)"
    )
    arguments = parser.parse_args()
    reports = sorted(arguments.reports.glob("*/report.html"))
    if not reports:
        parser.error(f"no report in {arguments.reports}")
    ends = [time.monotonic()]
    with tempfile.TemporaryDirectory() as folder:
        pages = [
            (page, Path(folder) / f"{number}.pdf")
            for number, page in zip(range(arguments.count), itertools.cycle(reports))
        ]
        problems = write_pdfs(pages, lambda page, problem: ends.append(time.monotonic()))
        sizes_bytes = [target.stat().st_size for _, target in pages if target.exists()]
    total = time.monotonic() - ends[0]
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{len(sizes_bytes)} PDFs of {len(reports)} reports, {len(problems)} failed, in one"
        f" browser: {browser_path()}"
    )
    print(
        f"{total / len(pages):.2f} s per PDF, all in; start {ends[1] - ends[0]:.2f} s;"
        f" {os.cpu_count()} cores{load}"
    )
    print(f"{sum(sizes_bytes) / max(1, len(sizes_bytes)) / 1e6:.2f} MB per PDF")


if __name__ == "__main__":
    main()
