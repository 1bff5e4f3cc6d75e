#!/usr/bin/python3
"""The dashboard in a real browser against a running platform.

ANSINH_URL is its address, ANSINH_VAR its state folder. With ANSINH_FRESH_SAMPLE=1 it holds the sample campaign and nothing else, and
the sample's published numbers are checked too. Alone: ANSINH_URL=http://127.0.0.1:8080 tests/browser/test_dashboard.py
"""

import os
import signal
import sys
import unicodedata
import unittest
import urllib.parse

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from api import dong, number, percent
from page import MOVE_TIMEOUT_S, PROVINCE, PageTest
from proxy import Proxy

LOSS_TIMEOUT_S = 15
HEAL_TIMEOUT_S = 45
HURRY_TIMES = 10
VIEW_MAX_BYTES = 300 * 1024
TABS_MAX = 10
POCKETS = ("participant", "central", "local", "donor")


def fold(text):
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


class DashboardTest(PageTest):
    def assert_shows(self, unit, lang):
        wanted = {
            "participants": number(unit.participants, lang),
            "declared": number(unit.declared, lang),
            "paid": number(unit.participants, lang),
            "waiting": number(unit.declared - unit.participants, lang),
            "total": dong(unit.total, lang),
        }
        if unit.plan:
            wanted["plan"] = number(unit.plan, lang)
            wanted["percent"] = percent(unit.percent, lang)
            wanted["gap"] = number(abs(unit.gap), lang)
        for pocket in POCKETS:
            wanted[f"pocket-{pocket}"] = dong(unit.pocket(pocket), lang)
        for element_id, text in wanted.items():
            self.await_text(element_id, text)
        self.assertTrue(self.browser.text("payments").startswith(number(unit.payments, lang) + " "))
        self.assertEqual(self.browser.element("#ring").is_displayed(), unit.plan > 0)
        self.assertEqual(self.browser.element("#gap").is_displayed(), unit.plan > 0)
        gained = ("+" if unit.participants_today else "") + number(unit.participants_today, lang)
        self.assertEqual(self.browser.text("today"), gained)
        self.assertIn(number(unit.participants, lang), self.browser.driver.title)

    def assert_no_reload(self):
        self.assertTrue(self.browser.run("return window.isSamePage === true"), "the page was loaded anew")

    def pay_one(self, unit=PROVINCE):
        """One new participant in the first commune; answers the province's number after it."""
        before = self.api.progress(unit)
        self.api.pay(self.api.enrol(before.children[0].code))
        return before.participants + 1

    def test_shows_the_numbers_of_the_api_in_vietnamese(self):
        self.visit("")
        self.assert_shows(self.api.progress(PROVINCE), "vi")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "vi")

    def test_shows_the_numbers_of_the_api_in_english(self):
        self.visit(f"?unit={PROVINCE}&lang=en")
        self.assert_shows(self.api.progress(PROVINCE), "en")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")

    # Named to run first: other tests enrol people.
    @unittest.skipUnless(os.environ.get("ANSINH_FRESH_SAMPLE") == "1", "the platform's state is not the fresh sample")
    def test_0_shows_the_published_numbers_of_the_sample(self):
        self.visit()
        for element_id, text in (("participants", "44.883"), ("plan", "78.275"), ("gap", "33.392")):
            self.await_text(element_id, text)
        self.await_text("percent", "57,34\u00a0%")
        self.visit(f"?unit={PROVINCE}&lang=en")
        for element_id, text in (("participants", "44,883"), ("plan", "78,275"), ("gap", "33,392")):
            self.await_text(element_id, text)
        self.await_text("percent", "57.34%")

    def test_table_holds_every_unit_below_with_its_numbers(self):
        for unit in ("VN", PROVINCE):
            self.visit(f"?unit={unit}&lang=vi")
            self.check_table(self.api.progress(unit).children)

    def check_table(self, children):
        self.assertEqual(sorted(self.browser.rows()), sorted(child.code for child in children))
        cells = self.browser.run(
            "return Object.fromEntries([...document.querySelectorAll('#rows tr')].map("
            "row => [row.dataset.unit, [...row.cells].map(cell => cell.textContent)]))"
        )
        for child in children:
            today = ("+" if child.participants_today else "") + number(child.participants_today, "vi")
            plan, gap = (number(child.plan, "vi"), number(child.gap, "vi")) if child.plan else ("–", "–")
            wanted = [child.name, number(child.participants, "vi"), plan, percent(child.percent, "vi"), gap, today]
            self.assertEqual(cells[child.code], wanted)

    def test_declaration_and_payment_move_the_page_by_themselves(self):
        self.visit()
        before = self.api.progress(PROVINCE)
        commune = before.children[0]
        participant = self.api.enrol(commune.code)
        self.await_text("declared", number(before.declared + 1, "vi"))
        self.assertEqual(self.browser.text("participants"), number(before.participants, "vi"))
        self.api.pay(participant)
        self.await_text("participants", number(before.participants + 1, "vi"))
        self.await_text("gap", number(before.gap - 1, "vi"))
        cell = f"return document.querySelector('tr[data-unit=\"{commune.code}\"] .participants').textContent"
        moved = number(commune.participants + 1, "vi")
        self.browser.wait(lambda: self.browser.run(cell) == moved, "the commune's row moves", MOVE_TIMEOUT_S)
        after = self.api.progress(PROVINCE)
        self.assertGreater(after.total, before.total)
        self.assert_shows(after, "vi")
        self.assert_no_reload()

    def test_network_that_goes_is_told_and_heals(self):
        self.visit()
        self.check_outage(lambda: self.browser.cut(True), lambda: self.browser.cut(False))

    def test_connection_that_breaks_is_told_and_heals(self):
        proxy = self.visit_by_proxy()
        before = self.api.metric("sse_resumed_total")
        self.check_outage(lambda: setattr(proxy, "is_cut", True), lambda: setattr(proxy, "is_cut", False))
        self.assertGreater(self.api.metric("sse_resumed_total"), before, "it goes on where it broke off")

    def test_line_that_hangs_is_noticed_and_heals(self):
        with self.browser.hurried(HURRY_TIMES):
            proxy = self.visit_by_proxy()
        self.check_outage(lambda: setattr(proxy, "is_hung", True), lambda: setattr(proxy, "is_hung", False))

    def test_silence_of_analytics_is_told_and_heals(self):
        self.visit()
        process = self.process_of("analytics-1")
        self.addCleanup(os.kill, process, signal.SIGCONT)
        os.kill(process, signal.SIGSTOP)
        self.browser.wait(lambda: self.browser.link() == "stale", "the page tells that its figures are late")
        self.assertIn("Số liệu chậm từ", self.browser.text("link-text"))
        os.kill(process, signal.SIGCONT)
        self.await_live(HEAL_TIMEOUT_S)
        self.await_text("participants", number(self.pay_one(), "vi"))
        self.assert_no_reload()

    def test_gateway_that_is_killed_comes_back(self):
        self.visit()
        self.may_complain = True
        os.kill(self.process_of("gateway-1"), signal.SIGKILL)
        self.browser.wait(lambda: self.browser.link() == "lost", "the page tells that it is cut off", LOSS_TIMEOUT_S)
        self.await_live(HEAL_TIMEOUT_S)
        self.await_text("participants", number(self.pay_one(), "vi"))
        self.assert_no_reload()

    def process_of(self, service):
        folder = os.environ.get("ANSINH_VAR")
        if not folder:
            self.skipTest("ANSINH_VAR is not set: the platform's processes are not known")
        with open(os.path.join(folder, "sv", service, "supervise", "pid"), encoding="ascii") as file:
            return int(file.read() or 0)

    def visit_by_proxy(self):
        address = urllib.parse.urlsplit(self.api.url)
        proxy = Proxy(address.hostname, address.port or 80)
        self.addCleanup(self.leave_proxy, proxy)
        self.browser.driver.get(f"{proxy.url}/?unit={PROVINCE}&lang=vi")
        self.await_live()
        self.browser.run("window.isSamePage = true")
        return proxy

    def leave_proxy(self, proxy):
        self.browser.driver.get("about:blank")
        proxy.close()

    def check_outage(self, cut, mend):
        self.may_complain = True
        self.addCleanup(mend)
        cut()
        self.browser.wait(lambda: self.browser.link() == "lost", "the page tells that it is cut off", LOSS_TIMEOUT_S)
        self.assertIn("Mất kết nối", self.browser.text("link-text"))
        moved = number(self.pay_one(), "vi")
        self.assertNotEqual(self.browser.text("participants"), moved)
        mend()
        self.await_live(HEAL_TIMEOUT_S)
        self.await_text("participants", moved)
        self.await_text("participants", number(self.pay_one(), "vi"))
        self.assert_no_reload()

    def test_leads_from_the_country_to_a_commune_and_back(self):
        self.visit("?unit=VN&lang=vi")
        self.assert_shows(self.api.progress("VN"), "vi")
        self.follow(f'tr[data-unit="{PROVINCE}"] a', PROVINCE)
        self.assert_shows(self.api.progress(PROVINCE), "vi")
        commune = self.api.progress(PROVINCE).children[-1].code
        self.follow(f'tr[data-unit="{commune}"] a', commune)
        self.assert_shows(self.api.progress(commune), "vi")
        self.assertFalse(self.browser.element("#units").is_displayed())
        above = f'#trail a[href*="unit={PROVINCE}&"]'
        self.browser.wait(lambda: self.browser.run("return !!document.querySelector(arguments[0])", above), above)
        self.follow(above, PROVINCE)
        self.browser.driver.back()
        self.await_unit(commune)
        self.follow('#trail a[href*="unit=VN&"]', "VN")
        self.assert_no_reload()

    def follow(self, selector, unit):
        self.browser.click(selector)
        self.await_unit(unit)

    def await_unit(self, unit):
        self.browser.wait(lambda: f"unit={unit}&" in self.browser.driver.current_url, f"the address of {unit}")
        self.await_live()
        self.await_text("participants", number(self.api.progress(unit).participants, "vi"))

    def test_language_changes_in_place(self):
        self.visit()
        unit = self.api.progress(PROVINCE)
        self.browser.element("#lang-en").click()
        self.assert_shows(unit, "en")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
        self.assertIn("lang=en", self.browser.driver.current_url)
        self.browser.element("#lang-vi").click()
        self.assert_shows(unit, "vi")
        self.assert_no_reload()

    def test_table_is_sorted_by_keyboard(self):
        self.visit()
        key = "return document.activeElement.closest('th')?.dataset.key"
        ActionChains(self.browser.driver).send_keys(Keys.TAB, Keys.ENTER).perform()  # the skip link
        for _ in range(TABS_MAX):
            ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
            if self.browser.run(key) == "participants":
                break
        self.assertEqual(self.browser.run(key), "participants")
        numbers = {child.code: child.participants for child in self.api.progress(PROVINCE).children}
        for press, direction in ((Keys.ENTER, "descending"), (Keys.SPACE, "ascending")):
            ActionChains(self.browser.driver).send_keys(press).perform()
            head = self.browser.element('th[data-key="participants"]')
            self.assertEqual(head.get_attribute("aria-sort"), direction)
            shown = [numbers[code] for code in self.browser.rows()]
            self.assertEqual(shown, sorted(numbers.values(), reverse=direction == "descending"))

    def test_every_column_sorts(self):
        self.visit()
        children = {child.code: child for child in self.api.progress(PROVINCE).children}
        columns = {
            "plan": lambda child: child.plan,
            "gap": lambda child: child.gap,
            "percent": lambda child: float(child.percent or 0),
            "today": lambda child: child.participants_today,
        }
        for key, value in columns.items():
            button = self.browser.element(f'th[data-key="{key}"] button')
            button.click()
            if self.browser.element(f'th[data-key="{key}"]').get_attribute("aria-sort") != "descending":
                button.click()
            shown = [value(children[code]) for code in self.browser.rows()]
            self.assertEqual(shown, sorted(shown, reverse=True), key)
        self.browser.element('th[data-key="name"] button').click()
        names = [children[code].name for code in self.browser.rows()]
        self.assertEqual(fold(names[0])[0], min(fold(name)[0] for name in names))

    def test_search_needs_no_diacritics(self):
        self.visit()
        children = self.api.progress(PROVINCE).children
        needle = fold(children[0].name)
        self.browser.element("#search").send_keys(needle.upper())
        wanted = sorted(child.code for child in children if needle in fold(child.name))
        self.browser.wait(lambda: sorted(self.browser.rows()) == wanted, f"only {needle} is listed", MOVE_TIMEOUT_S)
        self.browser.element("#search").send_keys("#")
        self.browser.wait(self.browser.element("#no-match").is_displayed, "nothing matches", MOVE_TIMEOUT_S)

    def test_fits_a_phone(self):
        self.browser.show(360, 740, is_phone=True)
        commune = self.api.progress(PROVINCE).children[0].code
        for unit in ("VN", PROVINCE, commune):
            for lang in ("vi", "en"):
                self.visit(f"?unit={unit}&lang={lang}")
                width = self.browser.run("return document.documentElement.scrollWidth")
                self.assertLessEqual(width, 360, f"unit {unit} in {lang} scrolls sideways")

    def test_unknown_unit_is_told(self):
        self.may_complain = True
        for unit in ("99999", "nonsense"):
            self.browser.open(f"?unit={unit}&lang=vi")
            notice = self.browser.element("#notice")
            self.browser.wait(notice.is_displayed, "the page tells that there is no such unit")
            self.assertIn(unit, notice.text)
            self.assertFalse(self.browser.element("#board").is_displayed())
        self.browser.element("#notice a").click()
        self.await_unit("VN")

    def test_refused_source_or_moment_is_told_with_a_way_out(self):
        self.may_complain = True
        cases = (
            ("who=collector:NOBODY", "vi", "Nhân viên thu: không có mã “NOBODY”", "who="),
            ("who=collector:NOBODY", "en", "“NOBODY” is not known", "who="),
            ("at=2020-01-01T10:00:00", "vi", "chỉ xem được 35 ngày qua", "at="),
            ("at=2020-01-01T10:00:00", "en", "the last 35 days", "at="),
            ("at=nonsense", "en", "“nonsense”", "at="),
        )
        for parameter, lang, text, dropped in cases:
            self.browser.open(f"?unit={PROVINCE}&lang={lang}&{parameter}")
            notice = self.browser.element("#notice")
            self.browser.wait(notice.is_displayed, f"{parameter} is told")
            self.assertIn(text, notice.text)
            self.assertEqual(self.browser.link(), "refused")
            self.assertEqual(self.browser.text("link-text"), "")
            self.browser.click("#notice a")
            self.await_live()
            self.assertNotIn(dropped, self.browser.driver.current_url)
            self.assertFalse(self.browser.element("#notice").is_displayed())

    def test_no_time_of_a_change_that_was_not_seen(self):
        commune = self.api.progress(PROVINCE).children[-3].code  # where no other test pays
        self.visit(f"?unit={commune}&lang=vi")
        self.assertEqual(self.browser.text("changed"), "chưa thấy thay đổi")
        self.api.pay(self.api.enrol(commune))
        self.browser.wait(lambda: self.browser.text("changed").startswith("thay đổi lần cuối "), "the change is told", MOVE_TIMEOUT_S)

    def test_first_view_is_small_and_from_here_alone(self):
        self.visit()
        script = "return performance.getEntriesByType('resource').map(entry => [entry.name, entry.decodedBodySize])"
        entries = self.browser.run(script)
        page = self.browser.run("return performance.getEntriesByType('navigation')[0].decodedBodySize")
        for name, _ in entries:
            self.assertTrue(name.startswith(self.browser.url + "/"), name)
        self.assertLess(page + sum(size for _, size in entries), VIEW_MAX_BYTES)

    def test_speaks_to_screen_readers(self):
        self.visit()
        spoken = self.browser.element("#spoken")
        self.assertEqual(spoken.get_attribute("aria-live"), "polite")
        unit = self.api.progress(PROVINCE)
        self.assertIn(number(unit.participants, "vi"), self.browser.text("spoken"))
        self.assertIn(percent(unit.percent, "vi"), self.browser.text("spoken"))


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    n_failed = len(result.failures) + len(result.errors)
    n_skipped = len(result.skipped)
    print(f"{result.testsRun - n_failed - n_skipped} passed, {n_failed} failed, {n_skipped} skipped")
    sys.exit(n_failed > 0)
