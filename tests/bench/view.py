"""Prints how soon the dashboard's first view of a province is there, and its weight: view.py URL

The median of some loads in a browser that has nothing cached; KB over the wire, with all parts that ask for their own numbers.
"""

import statistics
import sys

from browser import Browser

LOADS = 9
VIEW = "?unit=15&lang=vi"
READY = "return performance.getEntriesByName('ready')[0]?.startTime ?? 0"
BYTES = "return performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0)"
PARTS = "return ['forecast', 'series', 'boards'].every(id => !document.getElementById(id).hidden)"


def main():
    browser = Browser(sys.argv[1])
    times, sizes = [], []
    try:
        browser.driver.execute_cdp_cmd("Network.enable", {})
        browser.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        for _ in range(LOADS):
            browser.driver.get("about:blank")
            browser.open(VIEW)
            browser.wait(lambda: browser.run(READY) and browser.run(PARTS), "all parts")
            times.append(browser.run(READY))
            sizes.append(browser.run(BYTES))
    finally:
        browser.quit()
    print(f"view_ready_ms={statistics.median(times):.0f}")
    print(f"view_kbytes={statistics.median(sizes) / 1024:.0f}")


if __name__ == "__main__":
    main()
