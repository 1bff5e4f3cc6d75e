#!/usr/bin/python3
"""Who needs help today, what the forecast says of it, and the way from who could join to who was accepted: as the API says.

Needs what test_dashboard.py needs.
"""

import csv
import glob
import io
import os
import tempfile
import time
import unittest

import axe
from api import number, pace, percent
from page import MOVE_TIMEOUT_S, PROVINCE, PageTest

LANGS = ("vi", "en")
BEYOND = {"vi": "không đạt được với tỷ lệ này", "en": "not reachable at this conversion"}
DAY_S = 24 * 3600
OFFSET_S = 7 * 3600  # +07:00
HELP_ROWS = 14
ROWS = (
    "return [...document.querySelectorAll('#help-list a')].map(row => [row.dataset.unit, row.querySelector('b').firstChild.textContent,"
    " row.querySelector('.who').firstChild.textContent])"
)


class NeedsTest(PageTest):
    def behind(self, unit, **fields):
        fields = {"by": "BOARD_BY_COMMUNES", "order": "BOARD_ORDER_SHORT", "limit": HELP_ROWS, **fields}
        answer = self.api.call("Analytics/GetBoard", slice={"unitCode": unit}, **fields)
        return answer, [row for row in answer["rows"] if row.get("isBehind")]

    def await_there(self, element_id):
        script = "const e = document.getElementById(arguments[0]); return !e.hidden && e.getClientRects().length > 0"
        self.browser.wait(lambda: self.browser.run(script, element_id), f"{element_id} is there")

    def today(self, back=0):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + OFFSET_S - back * DAY_S))

    def test_names_the_communes_that_lack_most_people_a_day(self):
        for unit in (PROVINCE, "VN"):
            for lang in LANGS:
                self.visit(f"?unit={unit}&lang={lang}")
                self.await_there("help")
                answer, rows = self.behind(unit)
                self.assertGreater(len(rows), 4)
                name = "nameEn" if lang == "en" else "name"
                wanted = [[row["code"], "\u2212" + pace(row["shortPerDay"], lang), row[name]] for row in rows]
                self.browser.wait(lambda: self.browser.run(ROWS) == wanted, f"the rows {wanted}", MOVE_TIMEOUT_S)
                self.assertIn(number(answer["behindInAll"], lang) + " ", self.browser.text("help-all"))
                short = [float(row["shortPerDay"]) for row in rows]
                self.assertEqual(short, sorted(short, reverse=True))
                self.assertTrue(self.browser.element("#help-order").is_displayed())

    def test_country_has_its_communes_and_its_provinces_at_a_glance(self):
        self.visit("?unit=VN&lang=vi")
        self.await_there("help")
        province = {child.code: child.name for child in self.api.progress("VN").children}[PROVINCE]
        above = "return document.querySelector('#help-list .who small').textContent"
        self.browser.wait(lambda: self.browser.run(above) == province, "the commune's province", MOVE_TIMEOUT_S)
        self.browser.click('#help-kinds a[href*="help=units"]')
        _, rows = self.behind("VN", by="BOARD_BY_UNITS")
        self.browser.wait(lambda: [row[0] for row in self.browser.run(ROWS)] == [row["code"] for row in rows], "provinces", MOVE_TIMEOUT_S)

    def test_country_tells_how_many_have_no_plan(self):
        planless = sum(1 for child in self.api.progress("VN").children if child.plan == 0)
        self.assertGreater(planless, 0)
        for lang, text in (("vi", f"{planless} đơn vị trực thuộc chưa có kế hoạch"), ("en", f"{planless} of the units right below have no plan")):
            self.visit(f"?unit=VN&lang={lang}")
            self.await_there("help")
            self.assertIn(text, self.browser.text("help-all"))

    def test_who_needs_help_is_saved_as_csv(self):
        folder = tempfile.mkdtemp(prefix="ansinh-csv-")
        self.browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})
        self.visit(f"?unit={PROVINCE}&lang=en")
        self.await_there("help")
        self.browser.click("#help-csv")
        path = os.path.join(folder, f"ansinh-{PROVINCE}-help.csv")
        self.browser.wait(lambda: glob.glob(path), "the file", MOVE_TIMEOUT_S)
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(io.StringIO(file.read())))
        _, rows = self.behind(PROVINCE, limit=500)
        self.assertEqual([line[0] for line in lines[1:]], [row["code"] for row in rows])
        for line, row in zip(lines[1:], rows):
            self.assertEqual(line[2:7], [row["percent"], row["gap"], row["neededPerDay"], row["pacePerDay"], row["shortPerDay"]])

    def test_people_to_meet_are_told_with_whose_observation(self):
        commune = self.api.progress(PROVINCE).children[-5].code
        forecast = lambda: self.api.call("Analytics/GetForecast", unitCode=commune)["unit"]
        joined = lambda: self.joined_of_late(forecast()) if forecast().get("observedUnitCode") == commune else 0
        before = joined()
        self.api.hold_session(commune, 120, met=100)
        self.browser.wait(lambda: joined() == before + 1, "the session is observed")
        for lang in LANGS:
            self.visit(f"?unit={commune}&lang={lang}")
            self.await_there("contacts")
            unit = forecast()
            # More than live there: no number of people is told.
            self.assertTrue(unit["contactsBeyondProspects"])
            self.assertIn({"vi": "với tỷ lệ này", "en": "not reachable"}[lang], self.browser.text("contacts-needed"))
            why = self.browser.text("contacts-why")
            for field in ("observedContacts", "observedJoined"):
                self.assertIn(number(int(unit[field]), lang), why)
            self.assertIn(percent(unit["conversion"], lang), why)

    def test_people_to_meet_are_no_more_than_there_are(self):
        root = {"kind": "PLAN_SCOPE_KIND_UNIT", "code": PROVINCE}
        plan = {"code": "browser-small", "name": "Nhỏ", "product": "PRODUCT_VOLUNTARY_SI", "period": "PLAN_PERIOD_CAMPAIGN", "from": self.today(5),
                "until": self.today(-5), "counts": "METRIC_PAID", "measure": "PLAN_MEASURE_NEW", "root": root, "target": "990"}
        self.api.call("Plans/DefinePlan", plan=plan)
        self.api.call("Plans/CascadePlan", planCode="browser-small", downTo="UNIT_LEVEL_COMMUNE", weights="PLAN_WEIGHTS_EQUAL")
        commune = self.api.progress(PROVINCE).children[-9].code
        joined = lambda: self.joined_of_late(self.api.call("Analytics/GetForecast", unitCode=PROVINCE)["unit"])
        for met in (100, 1, 1, 1, 1):
            self.api.hold_session(commune, 120, met=met)
        self.browser.wait(lambda: 4 < joined() < 200, "the sessions of these days are observed")
        seen = set()
        for query, fields in (("", {}), ("&plan=browser-small", {"planCode": "browser-small"})):
            for lang in LANGS:
                self.visit(f"?unit={PROVINCE}&lang={lang}{query}")
                self.await_there("help")
                unit = self.api.call("Analytics/GetForecast", unitCode=PROVINCE, **fields)["unit"]
                children = {child.code: child for child in self.api.progress(PROVINCE).children}
                _, rows = self.behind(PROVINCE, **fields)
                wanted = [self.meeting(row, unit, children[row["code"]], lang) for row in rows]
                seen.update(BEYOND[lang] in text for text in wanted)
                texts = "return [...document.querySelectorAll('#help-list .paces-of')].map(row => row.textContent.split('; ')[1])"
                self.browser.wait(lambda: self.browser.run(texts) == wanted, f"{wanted}", MOVE_TIMEOUT_S)
        self.assertIn(True, seen)

    def joined_of_late(self, unit):
        """Those observed up to today; the sample's sessions of a year before count until there are enough of these days."""
        return int(unit.get("observedJoined", 0)) if unit.get("observedUntil") == self.today(0) else 0

    def meeting(self, row, unit, child, lang):
        contacts, joined, gap = int(unit["observedContacts"]), int(unit["observedJoined"]), int(row["gap"])
        needed = -(-gap * contacts // joined)
        if needed > child.prospects - child.participants or needed > 100 * gap:
            return BEYOND[lang]
        return {"vi": f"cần gặp {number(needed, lang)} người", "en": f"meet {number(needed, lang)} people"}[lang]

    def test_next_sessions_are_those_of_the_api(self):
        commune = self.api.progress(PROVINCE).children[-5].code
        self.api.hold_session(commune, 120, met=100)
        for lang in LANGS:
            self.visit(f"?unit={PROVINCE}&lang={lang}")
            self.await_there("next")
            rows = self.api.call("Analytics/GetForecast", unitCode=PROVINCE)["unit"]["nextSessions"]
            shown = self.browser.run(
                "return [...document.querySelectorAll('#next-sessions li')].map(row => [row.querySelector('a').textContent,"
                " row.querySelector('small').textContent])"
            )
            wanted = [[row["nameEn"], row["why"]] if lang == "en" else [row["name"], row["whyVi"]] for row in rows]
            self.assertEqual(shown, wanted)

    def test_figures_of_the_forecast_open_into_their_records(self):
        self.api.pay(self.api.enrol(self.api.progress(PROVINCE).children[0].code))
        self.visit(f"?unit={PROVINCE}&lang=vi")
        self.await_there("forecast")
        for element_id, days in (("pace", {"from": self.today(7), "until": self.today(1)}), ("gap", {})):
            self.browser.click(f"#{element_id}")
            self.browser.wait(lambda: self.browser.run("return document.getElementById('records').open"), "the records")
            answer = self.api.call("Analytics/ListRecords", slice={"unitCode": PROVINCE}, metric="METRIC_PAID", **days)
            self.assertEqual(self.browser.text("records-total"), number(int(answer.get("total", 0)), "vi"))
            self.browser.element("#records-close").click()
            self.browser.wait(lambda: "open=" not in self.browser.driver.current_url, "the records are closed")

    def test_plan_is_chosen_for_boards_forecast_and_help(self):
        month = self.today()[:7]
        last = max(day for back in range(-31, 32) if (day := self.today(back))[:7] == month)
        root = {"kind": "PLAN_SCOPE_KIND_UNIT", "code": PROVINCE}
        plan = {"code": "browser-month", "name": "Nước rút", "product": "PRODUCT_VOLUNTARY_SI", "period": "PLAN_PERIOD_MONTH",
                "from": f"{month}-01", "until": last, "counts": "METRIC_PAID", "measure": "PLAN_MEASURE_NEW", "root": root, "target": "9900"}
        self.api.call("Plans/DefinePlan", plan=plan)
        self.api.call("Plans/CascadePlan", planCode="browser-month", downTo="UNIT_LEVEL_COMMUNE", weights="PLAN_WEIGHTS_EQUAL")
        for lang, label in (("vi", "tháng: Nước rút"), ("en", "month: Nước rút")):
            self.visit(f"?unit={PROVINCE}&lang={lang}")
            offered = "return [...document.querySelectorAll('#board-plan option')].map(option => option.textContent)"
            self.browser.wait(lambda: label in self.browser.run(offered), "the plan is offered", MOVE_TIMEOUT_S * 2)
            self.choose("board-plan", "browser-month")
            self.await_address("plan=browser-month")
            board = self.api.call("Analytics/GetBoard", slice={"unitCode": PROVINCE}, by="BOARD_BY_COMMUNES",
                                  order="BOARD_ORDER_PERCENT", planCode="browser-month", limit=10)
            wanted = [percent(row.get("percent", ""), lang) for row in board["rows"]]
            cells = "return [...document.querySelectorAll('#board-rows .b-percent')].map(cell => cell.textContent)"
            self.browser.wait(lambda: self.browser.run(cells) == wanted, f"the percents {wanted}", MOVE_TIMEOUT_S)
            unit = self.api.call("Analytics/GetForecast", unitCode=PROVINCE, planCode="browser-month")["unit"]
            self.await_text("needed", pace(unit["neededPerDay"], lang))
            self.await_text("sentence", unit["sentenceVi" if lang == "vi" else "sentence"])
            self.assertIn("Nước rút", self.browser.text("until"))
            _, rows = self.behind(PROVINCE, planCode="browser-month")
            self.browser.wait(lambda: [row[0] for row in self.browser.run(ROWS)] == [row["code"] for row in rows], "help", MOVE_TIMEOUT_S)

    def test_funnel_begins_with_who_could_join_and_who_was_reached(self):
        commune = self.api.progress(PROVINCE).children[-6].code
        known = {"unitCode": commune, "kind": "DENOMINATOR_KIND_PROSPECTS", "on": "2026-01-01", "value": "4321", "source": "test"}
        self.api.call("Directory/ImportDenominators", denominators=[known])
        self.api.hold_session(commune, 50, met=40)
        reached = lambda: int(self.api.call("Analytics/GetProgress", unitCode=commune).get("reachEstimate", 0))
        self.browser.wait(lambda: reached() >= 40, "people are reached")
        prospects = lambda: int(self.api.call("Analytics/GetProgress", unitCode=commune).get("prospects", 0))
        self.browser.wait(lambda: prospects() == 4321, "the board knows the prospects")
        for lang, label in (("vi", "ước tính"), ("en", "estimate")):
            self.visit(f"?unit={commune}&lang={lang}")
            steps = "return [...document.querySelectorAll('#funnel dd > :first-child')].map(step => step.id)"
            self.browser.wait(lambda: "reached" in self.browser.run(steps), "who was reached", MOVE_TIMEOUT_S)
            self.assertEqual(self.browser.run(steps)[:4], ["prospects", "reached", "declared", "paid"])
            self.assertEqual(self.browser.text("prospects"), number(4321, lang))
            self.assertEqual(self.browser.text("reached"), number(reached(), lang))
            self.assertEqual(self.browser.text("reached-note"), label)

    def test_english_names_are_used_where_the_page_is_english(self):
        children = self.api.progress("VN").children
        self.visit("?unit=VN&lang=en")
        name = "return document.querySelector('tr[data-unit=\"01\"] .name').textContent"
        english = {child.code: child.fields["nameEn"] for child in children}["01"]
        self.assertNotEqual(english, {child.code: child.name for child in children}["01"])
        self.assertEqual(self.browser.run(name), english)
        self.assertIn(english, self.browser.run("return document.querySelector('.tile[href*=\"unit=01&\"]').ariaLabel"))

    def test_past_has_its_forecast_and_who_needed_help(self):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + OFFSET_S - 5))
        self.browser.open(f"?unit={PROVINCE}&lang=vi&at={moment}")
        self.browser.wait(lambda: self.browser.link() == "past", "the page as of a moment")
        self.await_there("help")
        self.await_there("forecast")

    def test_parts_are_open_to_everybody(self):
        text = axe.source()
        commune = self.api.progress(PROVINCE).children[-5].code
        self.api.hold_session(commune, 120, met=100)
        for unit in ("VN", PROVINCE, commune):
            for lang in LANGS:
                self.visit(f"?unit={unit}&lang={lang}")
                self.await_there("series")
                self.assertEqual(axe.violations(self.browser, text), [], f"{unit} in {lang}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
