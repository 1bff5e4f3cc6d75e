#!/usr/bin/python3
"""The sprint board: its map, forecast, chart and wall, in every view and both languages, for eyes of every kind.

Needs what test_dashboard.py needs. Pictures of every view are left in $O/tests/shots.
"""

import csv
import glob
import io
import os
import sys
import tempfile
import time
import unittest

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import axe
from api import number, pace, percent
from page import MOVE_TIMEOUT_S, PROVINCE, PageTest

VIEW_MAX_BYTES = 300 * 1024
DAY_MS = 24 * 3600 * 1000
OFFSET_MS = 7 * 3600 * 1000  # +07:00
FINGER_PX = 44
WALL_SCENES = 10
WALLS = ((1920, 1080), (1920, 1080), (1080, 1920), (3840, 2160))
# Parts of which something lies outside.
CUT = """
const isCut = (e) => e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2;
const there = [...document.querySelectorAll('.card, .scroll, .tiles')].filter((e) => e.checkVisibility());
return there.filter((e) => isCut(e) || e.getBoundingClientRect().bottom > innerHeight + 1)
  .map((e) => `${e.id || e.className} ${e.scrollHeight}/${e.clientHeight} ${e.scrollWidth}/${e.clientWidth}`);
"""
# What is to be touched and is not as tall as a finger.
SMALL = """
const size = arguments[0];
const all = [...document.querySelectorAll('a[href], button, input, select')].filter((e) => e.checkVisibility() && e.getClientRects().length && !e.matches('.skip'));
return all.filter((e) => {
  e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
  const box = e.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const isHit = (at) => {
    const hit = document.elementFromPoint(x, at);
    return hit && (hit.closest('a, button, input, select') ?? hit.closest('label')?.control) === e;
  };
  const reach = (step) => {
    let n = 0;
    while (n < size && isHit(y + n * step)) n++;
    return n;
  };
  return reach(1) + reach(-1) < size;
}).map((e) => `${e.id || e.className || e.parentElement.className} ${e.textContent.slice(0, 20)}`);
"""
# Texts with letters that English has not; what people are called stays.
VIETNAMESE = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
for (let node = walker.nextNode(); node; node = walker.nextNode())
  if (/\\p{M}|đ/iu.test(node.data.normalize('NFD')) && node.parentElement.checkVisibility() && !node.parentElement.closest('[lang=vi], #until'))
    found.push(node.data.trim());
return found;
"""
SCREENS = {"phone": (360, 740, True), "laptop": (1366, 768, False), "wall": (1920, 1080, False)}
SHOTS = os.path.join(os.environ.get("O", "build"), "tests", "shots")


class SprintTest(PageTest):
    def forecast(self, unit):
        return self.api.call("Analytics/GetForecast", unitCode=unit, withChildren=True)

    def views(self):
        commune = self.api.progress(PROVINCE).children[0].code
        return {"country": "unit=VN", "province": f"unit={PROVINCE}", "commune": f"unit={commune}"}

    def await_there(self, element_id):
        script = "const e = document.getElementById(arguments[0]); return !e.hidden && e.getClientRects().length > 0"
        self.browser.wait(lambda: self.browser.run(script, element_id), f"{element_id} is there")

    def colours(self, scheme):
        """Light or dark, and without motion: what fades in is not yet what it will be."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        media = {"features": [{"name": name, "value": value} for name, value in features.items()]}
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})

    def test_tells_the_forecast_of_the_api_in_both_languages(self):
        unit = self.forecast(PROVINCE)["unit"]
        for lang, sentence in (("vi", unit["sentenceVi"]), ("en", unit["sentence"])):
            self.visit(f"?unit={PROVINCE}&lang={lang}")
            self.await_there("forecast")
            self.assertEqual(self.browser.text("sentence"), sentence)
            for element_id, field in (("needed", "neededPerDay"), ("pace", "pacePerDay")):
                self.assertEqual(self.browser.text(element_id), pace(unit[field], lang))
            # The sample's plan is of a year that is over: nothing is counted down to.
            over = {"vi": "Kế hoạch 2025: đã hết hạn", "en": "Plan of 2025: its time is over"}
            self.assertEqual(self.browser.text("left"), over[lang])
            self.assertEqual(self.browser.text("until"), "")

    def test_counts_down_to_the_end_of_the_campaign_that_runs(self):
        commune = self.api.progress(PROVINCE).children[-2].code
        now_ms = int(time.time() * 1000)
        until_ms = now_ms - now_ms % DAY_MS + 10 * DAY_MS - OFFSET_MS  # ten midnights on
        campaign = {"code": "browser-sprint", "name": "Mười ngày nước rút", "nameEn": "Ten days of sprint", "sprint": True,
                    "fromMs": now_ms - DAY_MS, "untilMs": until_ms, "unitCodes": [commune], "counts": "METRIC_PAID"}
        self.api.call("Campaigns/ImportCampaigns", campaigns=[campaign])
        last = time.strftime("%Y-%m-%d", time.gmtime((until_ms + OFFSET_MS) // 1000 - 1))
        needed = self.api.call("Analytics/GetForecast", unitCode=commune, until=last)["unit"]["neededPerDay"]
        self.visit(f"?unit={commune}&lang=en")
        self.await_there("forecast")
        self.assertEqual(self.browser.text("until"), f"until {last} · Ten days of sprint")
        self.assertEqual(self.browser.text("needed"), pace(needed, "en"))
        self.assertIn(str((until_ms - int(time.time() * 1000)) // DAY_MS), self.browser.text("left"))

    def test_map_has_a_tile_for_every_unit(self):
        for unit, is_map in (("VN", True), (PROVINCE, False)):
            self.visit(f"?unit={unit}&lang=en")
            children = {child.code: child for child in self.api.progress(unit).children}
            tiles = self.browser.run(
                "return [...document.querySelectorAll('.tile')].map(tile => [new URLSearchParams(tile.search).get('unit'),"
                " tile.ariaLabel, tile.dataset.step, tile.style.gridArea])"
            )
            self.assertEqual(sorted(tile[0] for tile in tiles), sorted(children))
            places = [tile[3] for tile in tiles]
            self.assertEqual(len(set(places)), len(tiles) if is_map else 1)
            for code, label, step, _ in tiles:
                self.assertIn(percent(children[code].percent, "en"), label)
                self.assertIn(number(children[code].participants, "en"), label)
                bounds = (30, 40, 50, 60, 70, 80, 90, 100)
                share = children[code].percent
                self.assertEqual(step, str(sum(float(share) >= bound for bound in bounds)) if share else "none")

    def test_map_is_walked_with_the_arrows(self):
        self.visit("?unit=VN&lang=vi")
        self.browser.run("document.querySelector('.tile[tabindex=\"0\"]').focus()")
        here = "return new URLSearchParams(document.activeElement.search).get('unit')"
        first = self.browser.run(here)
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_DOWN).perform()
        self.assertNotEqual(self.browser.run(here), first)
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_UP).perform()
        self.assertEqual(self.browser.run(here), first)
        self.assertEqual(self.browser.run("return document.querySelectorAll('.tile[tabindex=\"0\"]').length"), 1)

    def test_chart_reads_each_day(self):
        self.visit()
        self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('#chart .bar').length") == 30, "bars")
        unit = self.api.progress(PROVINCE)
        self.browser.run("document.getElementById('chart').focus()")
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_LEFT).perform()
        self.assertIn(f": {number(unit.participants_today, 'vi')} ", self.browser.text("readout"))
        self.browser.click('#kinds a[href*="chart=hour"]')
        self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('#chart .bar').length") == 24, "hours")
        self.assertIn("chart=hour", self.browser.driver.current_url)

    def test_address_keeps_what_the_reader_chose(self):
        self.visit()
        self.browser.element('th[data-key="gap"] button').click()
        self.browser.element("#search").send_keys("muong")
        self.browser.wait(lambda: "q=muong" in self.browser.driver.current_url, "the search is in the address")
        self.assertIn("sort=gap.down", self.browser.driver.current_url)
        rows = self.browser.rows()
        self.browser.driver.get(self.browser.driver.current_url)
        self.await_live()
        self.browser.wait(lambda: self.browser.rows() == rows, "the same rows in the same order", MOVE_TIMEOUT_S)

    def test_table_is_saved_as_csv(self):
        folder = tempfile.mkdtemp(prefix="ansinh-csv-")
        self.browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})
        self.visit(f"?unit={PROVINCE}&lang=en&sort=gap.down")
        self.browser.element("#units-csv").click()
        path = os.path.join(folder, f"ansinh-{PROVINCE}.csv")
        self.browser.wait(lambda: glob.glob(path), "the file", MOVE_TIMEOUT_S)
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(io.StringIO(file.read())))
        children = {child.code: child for child in self.api.progress(PROVINCE).children}
        self.assertEqual([line[0] for line in lines[1:]], self.browser.rows())
        for code, name, participants, plan, share, gap, _ in lines[1:]:
            child = children[code]
            self.assertEqual((name, int(participants), int(plan), share, int(gap)),
                             (child.name_en, child.participants, child.plan, child.percent, child.gap))

    def test_wall_shows_one_part_after_the_other_and_no_controls(self):
        self.browser.show(1920, 1080)
        with self.browser.hurried_intervals(20):
            self.visit(f"?unit={PROVINCE}&lang=vi&wall")
        self.browser.wait(lambda: self.browser.run("return !document.getElementById('series').hidden"), "the chart")
        seen = set()
        scene = "return document.body.dataset.scene"
        self.browser.wait(lambda: seen.add(self.browser.run(scene)) or len(seen) == 4, "four parts in turn")
        controls = "return [...document.querySelectorAll('button:enabled, input, select, footer, .languages')].filter(e => e.checkVisibility()).length"
        sorts = "return [...document.querySelectorAll('th button')].filter(e => e.checkVisibility()).length"
        self.assertEqual(self.browser.run(controls) - self.browser.run(sorts), 0)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollHeight"), 1080)
        ActionChains(self.browser.driver).send_keys(Keys.ESCAPE).perform()
        self.assertNotIn("wall", self.browser.driver.current_url)

    def test_wall_cuts_nothing(self):
        self.colours("dark")
        for query, size in zip(("unit=VN&lang=vi", f"unit={PROVINCE}&lang=en", "unit=VN&lang=en", f"unit={PROVINCE}&lang=vi"), WALLS):
            self.browser.show(*size)
            self.visit(f"?{query}&wall")
            self.browser.wait(lambda: self.browser.run("return !document.getElementById('boards').hidden"), "all parts")
            for _ in range(WALL_SCENES):
                cut = self.browser.run(CUT)
                self.assertEqual(cut, [], f"{query}: {self.browser.run('return document.body.dataset.scene')}")
                ActionChains(self.browser.driver).send_keys(Keys.ARROW_RIGHT).perform()

    def test_fingers_find_everything_on_a_phone(self):
        for name, query in self.views().items():
            self.browser.show(360, 740, is_phone=True)
            self.visit(f"?{query}&lang=vi")
            self.await_there("boards")
            self.assertEqual(self.browser.run(SMALL, FINGER_PX), [], name)

    def test_english_page_is_english(self):
        for name, query in self.views().items():
            self.visit(f"?{query}&lang=en")
            self.await_there("boards")
            self.assertEqual(self.browser.run(VIETNAMESE), [], name)

    def test_every_module_is_asked_for_at_once(self):
        self.visit()
        loaded = self.browser.run(
            "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)"
            ".filter(path => path.endsWith('.js') && !path.startsWith('/lib/'))"
        )
        named = self.browser.run(
            "return [...document.querySelectorAll('link[rel=modulepreload], script')].map(e => new URL(e.href || e.src).pathname)"
        )
        self.assertEqual(sorted(set(loaded)), sorted(named))

    def test_first_view_is_light(self):
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        self.browser.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Network.setCacheDisabled", {"cacheDisabled": False})
        self.browser.driver.get("about:blank")
        self.visit()
        script = "return performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0)"
        self.await_there("boards")
        size = self.browser.run(script)
        ready_ms = self.browser.run("return performance.getEntriesByName('ready')[0].startTime")
        print(f"ready after {ready_ms:.0f} ms, {size} bytes", file=sys.stderr)
        self.assertLess(size, VIEW_MAX_BYTES)

    def test_every_view_has_its_picture_and_fits_its_screen(self):
        os.makedirs(SHOTS, exist_ok=True)
        for scheme in ("light", "dark"):
            self.colours(scheme)
            for screen, (width, height, is_phone) in SCREENS.items():
                for name, query in self.views().items():
                    for lang in ("vi", "en"):
                        self.browser.show(width, height, is_phone)
                        self.visit(f"?{query}&lang={lang}" + ("&wall" if screen == "wall" else ""))
                        self.await_there("series" if screen != "wall" else "hero")
                        if screen == "wall":
                            self.browser.wait(lambda: self.browser.run("return document.body.dataset.scene"), "a scene")
                        self.browser.driver.save_screenshot(f"{SHOTS}/{name}-{screen}-{scheme}-{lang}.png")
                        wide = self.browser.run("return document.documentElement.scrollWidth")
                        self.assertLessEqual(wide, width, f"{name} on {screen} in {lang} scrolls sideways")

    def test_dialogs_are_open_to_everybody(self):
        text = axe.source()
        for scheme in ("light", "dark"):
            self.colours(scheme)
            self.visit(f"?unit={PROVINCE}&lang=vi&open=METRIC_PAID~{PROVINCE}~~~~~")
            self.browser.wait(lambda: self.browser.run("return document.getElementById('records').open"), "the records")
            self.assertEqual(axe.violations(self.browser, text), [], f"records in {scheme}")
            self.browser.element("#records-close").click()
            self.browser.click("#changed")
            self.browser.wait(lambda: self.browser.run("return document.getElementById('picker').open"), "the picker")
            self.assertEqual(axe.violations(self.browser, text), [], f"picker in {scheme}")

    def test_feed_tells_what_has_just_happened(self):
        self.visit()
        commune = self.api.progress(PROVINCE).children[0]
        self.api.pay(self.api.enrol(commune.code))
        self.await_there("feed")
        line = "return [...document.querySelectorAll('#feed-list li')].map(line => line.textContent).join()"
        self.browser.wait(lambda: "+1 đóng tiền" in self.browser.run(line), "the payment")
        self.assertIn(commune.name, self.browser.run(line))
        self.assertNotIn("Nguyễn", self.browser.run(line))

    def test_is_open_to_everybody(self):
        text = axe.source()
        for scheme in ("light", "dark"):
            self.colours(scheme)
            for name, query in self.views().items():
                for extra in ("", "&wall"):
                    self.visit(f"?{query}&lang=vi{extra}")
                    self.browser.wait(lambda: self.browser.run("return !document.getElementById('series').hidden"), "all")
                    self.assertEqual(axe.violations(self.browser, text), [], f"{name}{extra} in {scheme}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
