#!/usr/bin/python3
"""The leaflet in a real browser against a running platform: on screen, on a phone and on paper.

ANSINH_URL is its address. Alone: ANSINH_URL=http://127.0.0.1:8080 tests/browser/test_leaflet.py
"""

import base64
import contextlib
import os
import re
import sys
import unittest

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from api import Api, number
from browser import Browser

PROVINCE = "15"
COMMUNE = "02647"
ZONE = "07192"
DAY = "2026-12-01"
LANGUAGES = ("vi", "en")
METHODS = ["METHOD_MONTHLY", "METHOD_QUARTERLY", "METHOD_HALF_YEARLY", "METHOD_YEARLY"]
A4_SIDES = 2
VIEW_MAX_BYTES = 120 * 1024
TABS_MAX = 30
CONTRAST_MIN = 4.5

# The page gets another answer than the API gave: arguments are a function of it.
CHANGED_ANSWER = """
const atFirst = window.fetch;
window.fetch = async (address, options) => {
  const response = await atFirst(address, options);
  if (!String(address).includes('GetLeaflet')) return response;
  const json = await response.json();
  (%s)(json);
  return new Response(JSON.stringify(json), { status: response.status });
};
"""
LOCAL_SUPPORT = """(json) => {
  for (const step of json.steps) {
    const share = step.shares.at(-1);
    share.localVnd = String(%s);
    share.dueVnd = String(Number(share.dueVnd) - Number(share.localVnd));
  }
  const line = json.example[1];
  json.example.push({ ...line, key: 'local_support', amountVnd: '-33000' }, { ...line, key: 'donor_support', amountVnd: '-20000' });
}"""

# Every text in sight with its colour and that of what lies behind it.
COLOURS = """
const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = rgb(getComputedStyle(at).backgroundColor);
    if (colour.length === 3) return colour;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (text && element.checkVisibility() && !element.closest('noscript, option'))
    found.push([text, rgb(getComputedStyle(element).color).slice(0, 3), behind(element)]);
}
return found;
"""


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


class LeafletTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        url = os.environ.get("ANSINH_URL")
        if not url:
            raise unittest.SkipTest("ANSINH_URL is not set: no platform to look at")
        cls.api = Api(url)
        try:
            cls.browser = Browser(url)
        except (WebDriverException, OSError) as error:
            raise unittest.SkipTest(f"Chromium does not start: {str(error).splitlines()[0]}") from None
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.may_complain = False
        self.browser.errors()
        self.browser.show(1366, 768)
        self.emulate("light")

    def tearDown(self):
        errors = self.browser.errors()
        if not self.may_complain:
            self.assertEqual(errors, [], "the console is not silent")

    def emulate(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def await_state(self, state):
        self.browser.wait(lambda: self.browser.run("return document.body.dataset.state") == state, f"the page is {state}")

    def visit(self, unit=PROVINCE, lang="vi", on=DAY):
        self.browser.open(f"leaflet?unit={unit}&lang={lang}&on={on}")
        self.await_state("shown")

    def leaflet(self, unit=PROVINCE, on=DAY):
        return self.api.call("Payments/GetLeaflet", unitCode=unit, on=on, methods=METHODS)

    def table(self, element_id):
        """Texts of the cells in sight, row by row, without what is small."""
        script = (
            "return [...document.getElementById(arguments[0]).rows].map(row => [...row.cells]"
            ".filter(cell => cell.checkVisibility()).map(cell => { const copy = cell.cloneNode(true);"
            "copy.querySelectorAll('small').forEach(small => small.remove()); return copy.textContent.trim(); }))"
        )
        return self.browser.run(script, element_id)

    def shown(self, element_id):
        return self.browser.run("return document.getElementById(arguments[0]).innerText", element_id)

    def pdf(self, **options):
        answer = self.browser.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, **options})
        return base64.b64decode(answer["data"])

    def sides(self, **options):
        return len(re.findall(rb"/Type /Page\b", self.pdf(**options)))

    def check_contributions(self, answer, lang):
        steps = [step for step in answer["steps"] if step["method"] == "METHOD_MONTHLY"]
        rows = self.table("pay")
        helped = [f"−{number(int(share['centralVnd']), lang)}" for share in steps[0]["shares"]]
        self.assertEqual(rows[1][1:], helped)
        for row, step in zip(rows[2:], steps):
            dues = [number(int(share["dueVnd"]), lang) for share in step["shares"]]
            wanted = [number(int(step["incomeVnd"]), lang), number(int(step["grossVnd"]), lang), *dues]
            self.assertEqual(row, wanted)
        others = [step for step in answer["steps"] if step["months"] > 1 and step["incomeVnd"] == steps[0]["incomeVnd"]]
        for row, step in zip(rows[-3:], others, strict=True):
            dues = [number(int(share["dueVnd"]), lang) for share in step["shares"]]
            self.assertIn(str(step["months"]), row[0])
            self.assertEqual(row[1:], [number(int(step["grossVnd"]), lang), *dues])
        self.assertEqual(len(rows), 2 + len(steps) + 1 + len(others))

    def check_pensions(self, answer, lang):
        rows = self.table("pension")
        incomes = rows[0][1:]
        self.assertEqual(incomes[0], number(int(answer["incomeMinVnd"]), lang))
        for row, pension in zip(rows[1:], answer["pensions"], strict=True):
            sums = {number(int(found["incomeVnd"]), lang): found["monthlyPensionVnd"] for found in pension["sums"]}
            self.assertEqual(row[1:], [number(int(sums[income]), lang) for income in incomes])
            self.assertIn(str(pension["joiningAge"]), row[0])

    def check_households(self, answer, lang):
        for row, household in zip(self.table("health")[1:], answer["households"], strict=True):
            self.assertEqual(row[1:], [number(int(period["totalVnd"]), lang) for period in household["periods"]])
            self.assertIn(str(household["members"]), row[0])

    def test_shows_the_numbers_of_the_api(self):
        for lang in LANGUAGES:
            for unit, on in ((PROVINCE, DAY), (COMMUNE, "2027-01-01")):
                self.visit(unit, lang, on)
                answer = self.leaflet(unit, on)
                self.check_contributions(answer, lang)
                self.check_pensions(answer, lang)
                self.check_households(answer, lang)
                self.assertEqual(self.browser.run("return document.documentElement.lang"), lang)

    def test_who_pays_what_is_told_by_an_example(self):
        for lang, sums in (("vi", ("330.000", "66.000", "264.000")), ("en", ("330,000", "66,000", "264,000"))):
            self.visit(lang=lang)
            example = self.shown("example")
            for text in sums:
                self.assertIn(text, example)
            self.assertLess(example.index(sums[0]), example.index(sums[1]))
            self.assertLess(example.index(sums[1]), example.index(sums[2]))
        self.assertIn("22 % × 1,500,000 × 1 month", example)

    def test_another_day_has_other_numbers(self):
        self.visit()
        self.assertIn("264.000", self.shown("pay"))
        self.assertIn("31/12/2026", self.shown("valid"))
        self.assertIn("Nghị định 07/2021/NĐ-CP", self.shown("law"))
        self.visit(on="2027-01-01")
        pay = self.table("pay")
        self.assertEqual(pay[1][1:], ["−242.000", "−193.600", "−145.200", "−96.800"])
        self.assertEqual(pay[2], ["2.200.000", "484.000", "242.000", "290.400", "338.800", "387.200"])
        self.assertIn("387.200", self.shown("example"))
        self.assertIn("Nghị định 351/2025/NĐ-CP", self.shown("law"))
        self.visit(on="2026-06-30")
        self.assertEqual(self.table("health")[1], ["1 người", "315.900", "631.800", "1.263.600"])

    def test_the_pension_is_no_promise(self):
        self.visit()
        self.assertIn("không phải cam kết", self.shown("caveat"))
        self.assertIn("01/12/2026", self.shown("caveat"))
        self.visit(lang="en")
        self.assertIn("today’s money", self.shown("caveat"))
        self.assertIn("no guarantee", self.shown("caveat"))

    def test_what_else_the_law_gives_is_told(self):
        self.visit()
        self.assertIn("2.000.000 đồng mỗi con", self.shown("more"))
        self.assertIn("25.300.000 đồng", self.shown("more"))
        self.visit(on="2025-06-01")
        self.assertFalse(self.browser.element("#more").is_displayed())

    def test_what_the_tables_do_not_know_is_left_out(self):
        self.visit(on="2018-06-01")
        self.assertFalse(self.browser.element("#health-box").is_displayed())
        self.assertTrue(self.browser.element("#pay").is_displayed())

    def test_groups_that_pay_the_same_share_a_column(self):
        zone = {"code": ZONE, "parentCode": "22", "level": "UNIT_LEVEL_COMMUNE", "specialZone": True}
        names = {"name": "Cô Tô", "nameEn": "Co To", "fullName": "Đặc khu Cô Tô"}
        self.api.call("Directory/ImportUnits", units=[zone | names])
        self.visit(ZONE)
        self.assertEqual(self.table("pay")[0][2:], ["Mọi người"])
        self.assertEqual(self.table("pay")[2][2:], ["165.000"])
        self.assertIn("Đặc khu Cô Tô", self.shown("place"))
        self.visit("22")
        self.assertEqual(self.table("pay")[0][2], "Hộ nghèo / Đặc khu, xã đảo")
        self.assertEqual(len(self.table("pay")[0]), 6)
        for unit in (ZONE, "22"):
            for lang in LANGUAGES:
                self.visit(unit, lang)
                self.assertLessEqual(self.sides(), A4_SIDES, f"{unit} in {lang}")

    @contextlib.contextmanager
    def answers(self, change):
        """Pages opened meanwhile get a changed leaflet."""
        source = {"source": CHANGED_ANSWER % change}
        script = self.browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
        try:
            yield
        finally:
            self.browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    def test_a_provinces_support_is_told_with_the_states(self):
        with self.answers(LOCAL_SUPPORT % "33000 * step.months"):
            self.visit()
        rows = self.table("pay")
        self.assertEqual(rows[1], ["Nhà nước, tỉnh đóng giúp mỗi tháng", "−165.000", "−132.000", "−99.000", "−99.000"])
        self.assertEqual(rows[2][-1], "231.000")
        self.assertIn("Tỉnh đóng giúp thêm", self.shown("example"))
        for lang in LANGUAGES:
            with self.answers(LOCAL_SUPPORT % "Number(step.grossVnd) / 10"):
                self.visit(lang=lang)
            self.assertEqual(self.sides(), A4_SIDES)
            cells = self.browser.run("return [...document.querySelectorAll('#pay td:last-child')].map(e => e.innerText)")
            wanted = [f"{number(231000, lang)}\n−{number(99000, lang)}", f"{number(330000, lang)}\n−{number(110000, lang)}"]
            self.assertEqual(cells[:2], wanted)

    def test_prints_on_one_sheet(self):
        for unit in (PROVINCE, COMMUNE, "VN"):
            for lang in LANGUAGES:
                for on in (DAY, "2027-01-01"):
                    self.visit(unit, lang, on)
                    self.assertEqual(self.sides(), A4_SIDES, f"{unit} in {lang} on {on}")

    def test_prints_light_and_whole_from_a_dark_phone(self):
        self.emulate("dark")
        self.browser.show(360, 740, is_phone=True)
        self.visit()
        self.assertLessEqual(self.sides(printBackground=True), A4_SIDES)
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.assertEqual(len(self.table("pay")[0]), 6)
        self.check_contrasts("on paper")
        paper = self.browser.run("return getComputedStyle(document.getElementById('front')).backgroundColor")
        self.assertEqual(paper, "rgb(255, 255, 255)")
        self.assertFalse(self.browser.element(".tools").is_displayed())

    def check_contrasts(self, where):
        for text, colour, background in self.browser.run(COLOURS):
            self.assertGreaterEqual(contrast(colour, background), CONTRAST_MIN, f"{text!r} {where}")

    def test_can_be_read_in_light_and_dark(self):
        for scheme in ("light", "dark"):
            self.emulate(scheme)
            for width, is_phone in ((1366, False), (360, True)):
                self.browser.show(width, 740, is_phone)
                self.visit()
                self.browser.element("summary").click()
                self.check_contrasts(f"{width} wide, {scheme}")

    def test_fits_a_phone_with_one_group_in_sight(self):
        self.browser.show(360, 740, is_phone=True)
        for unit in (PROVINCE, COMMUNE, "VN"):
            for lang in LANGUAGES:
                self.visit(unit, lang)
                width = self.browser.run("return document.documentElement.scrollWidth")
                self.assertLessEqual(width, 360, f"unit {unit} in {lang} scrolls sideways")
        self.visit()
        answer = self.leaflet()
        for group in (3, 0, 2):
            self.browser.click(f"#groups label:nth-child({group + 1})")
            first = answer["steps"][0]
            wanted = [first["incomeVnd"], first["grossVnd"], first["shares"][group]["dueVnd"]]
            self.assertEqual(self.table("pay")[2], [number(int(vnd), "vi") for vnd in wanted])

    def test_another_place_is_chosen_by_keyboard(self):
        self.visit()
        self.press_until("summary")
        ActionChains(self.browser.driver).send_keys(Keys.ENTER).perform()
        self.browser.wait(lambda: self.options("commune") > 1, "the list of communes")
        self.assertEqual(self.options("province"), 35)
        self.press_until("#commune")
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_DOWN).perform()
        chosen = self.browser.run("return document.getElementById('commune').value")
        self.assertEqual(len(chosen), 5)
        self.press_until("button[type=submit]")
        ActionChains(self.browser.driver).send_keys(Keys.ENTER).perform()
        self.browser.wait(lambda: f"unit={chosen}" in self.browser.driver.current_url, "the address of the commune")
        self.await_state("shown")
        unit = self.api.call("Directory/GetUnit", code=chosen)["unit"]
        self.assertIn(unit["fullName"], self.shown("place"))
        self.assertIn(f"on={DAY}", self.browser.driver.current_url)

    def options(self, element_id):
        return self.browser.run("return document.getElementById(arguments[0]).options.length", element_id)

    def press_until(self, selector):
        """Tabs on until the element has the focus, which has to be seen."""
        for _ in range(TABS_MAX):
            ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
            if self.browser.run("return document.activeElement.matches(arguments[0])", selector):
                break
        outline = self.browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertTrue(self.browser.run("return document.activeElement.matches(arguments[0])", selector), selector)
        self.assertNotEqual(outline, "none", selector)

    def test_the_way_from_the_board_and_back(self):
        self.browser.open(f"?unit={PROVINCE}&lang=en")
        self.browser.wait(lambda: self.browser.link() == "live", "a live board")
        self.browser.click("#leaflet")
        self.await_state("shown")
        self.assertIn(f"leaflet?unit={PROVINCE}&lang=en", self.browser.driver.current_url)
        self.browser.click("#lang-vi")
        self.browser.wait(lambda: "lang=vi" in self.browser.driver.current_url, "the address in Vietnamese")
        self.await_state("shown")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "vi")
        self.browser.click("#back")
        self.browser.wait(lambda: self.browser.run("return !!document.getElementById('board')"), "the board")
        self.browser.wait(lambda: self.browser.link() == "live", "a live board again")
        self.assertIn(f"?unit={PROVINCE}&lang=vi", self.browser.driver.current_url)

    def test_unknown_places_and_days_are_told(self):
        self.may_complain = True
        cases = (
            ("unit=99999&lang=vi", "99999", "unit=VN"),
            ("unit=%3Cb%3Ex&lang=en", "<b>x", "unit=VN"),
            ("unit=15&on=2010-01-01&lang=vi", "01/01/2010", "unit=15&lang=vi"),
            ("unit=15&on=soon&lang=en", "soon", "unit=15&lang=en"),
        )
        for query, said, way in cases:
            self.browser.open(f"leaflet?{query}")
            self.await_state("refused")
            self.assertIn(said, self.shown("notice"))
            self.assertFalse(self.browser.element("#leaflet").is_displayed())
            self.assertIn(way, self.browser.element("#notice a").get_attribute("href"))
        self.browser.click("#notice a")
        self.await_state("shown")

    def test_a_server_that_does_not_answer_is_told(self):
        self.may_complain = True
        self.visit()
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Network.setBlockedURLs", {"urls": []})
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        self.browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*GetLeaflet*"]})
        self.browser.open(f"leaflet?unit={PROVINCE}&lang=en")
        self.await_state("refused")
        self.assertIn("does not answer", self.shown("notice"))
        self.browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        self.browser.click("#notice a")
        self.await_state("shown")

    def test_speaks_to_screen_readers(self):
        self.visit()
        script = (
            "return [...document.querySelectorAll('input, select, button')].filter(e => e.type !== 'hidden' &&"
            "!e.labels?.length && !e.textContent.trim()).map(e => e.outerHTML)"
        )
        self.assertEqual(self.browser.run(script), [])
        levels = self.browser.run("return [...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))")
        self.assertEqual(levels[0], 1)
        self.assertEqual(set(levels[1:]), {2})
        for table in ("pay", "pension", "health"):
            heads = self.browser.run(
                "return [...document.getElementById(arguments[0]).querySelectorAll('th')].every(th => th.scope)", table
            )
            self.assertTrue(heads, f"a head of {table} says not what it is for")
            self.assertTrue(self.browser.element(f"#{table}").accessible_name, table)

    def test_view_is_small_and_from_here_alone(self):
        self.visit()
        script = "return performance.getEntriesByType('resource').map(entry => [entry.name, entry.decodedBodySize])"
        entries = self.browser.run(script)
        page = self.browser.run("return performance.getEntriesByType('navigation')[0].decodedBodySize")
        for name, _ in entries:
            self.assertTrue(name.startswith(self.browser.url + "/"), name)
        self.assertLess(page + sum(size for _, size in entries), VIEW_MAX_BYTES)


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    n_failed = len(result.failures) + len(result.errors)
    n_skipped = len(result.skipped)
    print(f"{result.testsRun - n_failed - n_skipped} passed, {n_failed} failed, {n_skipped} skipped")
    sys.exit(n_failed > 0)
