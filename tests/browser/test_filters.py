#!/usr/bin/python3
"""Filters stay in the address, each part of the page follows them or says that it does not, and numbers are the API's.

Needs what test_dashboard.py needs.
"""

import time
import unittest

import axe
from api import number
from page import MOVE_TIMEOUT_S, PROVINCE, PageTest

DAY_MS = 24 * 3600 * 1000
OFFSET_MS = 7 * 3600 * 1000  # +07:00
LANGS = ("vi", "en")


class FiltersTest(PageTest):
    def visit(self, query):
        super().visit(query)
        self.browser.wait(lambda: self.browser.run("return !document.getElementById('filters').hidden"), "the filters")

    def shown(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).checkVisibility()", selector)

    def chips(self):
        return self.browser.run("return [...document.querySelectorAll('#chips .drop b')].map(chip => chip.textContent)")

    def progress(self, unit=PROVINCE, **fields):
        return self.api.call("Analytics/GetProgress", unitCode=unit, **fields)

    def await_number(self, lang, unit=PROVINCE, **fields):
        """The page shows the participants of the API's answer, which are not all of the unit."""
        wanted = number(int(self.progress(unit, **fields).get("participants", 0)), lang)
        self.browser.wait(lambda: self.browser.text("participants") == wanted, f"{wanted} participants", MOVE_TIMEOUT_S)

    def records_total(self):
        self.browser.click("#participants")
        self.browser.wait(lambda: self.browser.run("return document.getElementById('records').open"), "the records")
        total = self.browser.text("records-total")
        self.browser.element("#records-close").click()
        self.browser.wait(lambda: "open=" not in self.browser.driver.current_url, "the records are closed")
        return total

    def pay_through(self, commune="02647", **through):
        self.api.pay(self.api.enrol(commune), **through)

    def test_each_source_narrows_number_chart_and_records(self):
        self.pay_through(pointCode="BD02647", collectorCode="NV0002")
        cases = (("organisation", "VNPOST", "organisationCode"), ("point", "BD02647", "pointCode"), ("collector", "NV0002", "collectorCode"))
        for kind, code, field in cases:
            for lang in LANGS:
                self.visit(f"?unit={PROVINCE}&lang={lang}&{kind}={code}")
                self.await_number(lang, **{field: code})
                series = self.api.call("Analytics/GetSeries", slice={"unitCode": PROVINCE, field: code}, bucket="BUCKET_DAY",
                                       metrics=["METRIC_PAID"], **self.last_days(30))
                total = number(int(series["totals"][0]), lang)
                self.browser.wait(lambda: f"{total} " in self.browser.text("readout"), f"the chart's sum is {total}")
                self.assertEqual(self.records_total(), self.browser.text("participants"))
                for part in ("#ring", "#plan-box", "#forecast", "#help"):
                    self.assertFalse(self.shown(part), f"{part} does not follow a {kind}")
                note = {"vi": "không theo bộ lọc", "en": "do not follow a filter"}[lang]
                self.assertIn(note, self.browser.text("filter-note"))

    def last_days(self, days):
        now_ms = int(time.time() * 1000) + OFFSET_MS
        return {key: time.strftime("%Y-%m-%d", time.gmtime((now_ms - back * DAY_MS) // 1000))
                for key, back in (("from", days - 1), ("until", 0))}

    def test_product_is_that_of_health_insurance(self):
        self.api.declare_health("02647")
        for lang in LANGS:
            self.visit(f"?unit={PROVINCE}&lang={lang}&product=health")
            self.await_number(lang, product="PRODUCT_HEALTH_HOUSEHOLD")
            wanted = number(int(self.progress(product="PRODUCT_HEALTH_HOUSEHOLD")["declared"]), lang)
            self.await_text("declared", wanted)
            self.assertFalse(self.shown("#sessions"))
            self.assertEqual(self.chips(), [{"vi": "BHYT hộ gia đình", "en": "household health insurance"}[lang]])
        self.visit(f"?unit={PROVINCE}&lang=vi&product=health&organisation=VNPOST")
        self.browser.wait(lambda: "Bưu điện Việt Nam" in self.chips(), "the name of who has done nothing of it", MOVE_TIMEOUT_S)

    def test_campaign_counts_its_days_and_units(self):
        now_ms = int(time.time() * 1000)
        midnight_ms = now_ms - (now_ms + OFFSET_MS) % DAY_MS
        campaign = {"code": "browser-filter", "name": "Ra quân", "nameEn": "Setting out", "fromMs": midnight_ms,
                    "untilMs": midnight_ms + DAY_MS, "unitCodes": ["02647"], "counts": "METRIC_PAID"}
        self.api.call("Campaigns/ImportCampaigns", campaigns=[campaign])
        self.pay_through()
        for lang, name in (("vi", "Ra quân"), ("en", "Setting out")):
            self.visit(f"?unit={PROVINCE}&lang={lang}&campaign=browser-filter")
            self.await_number(lang, campaignCode="browser-filter")
            self.browser.wait(lambda: self.chips() == [name], f"the chip {name}", MOVE_TIMEOUT_S)
            self.assertEqual(self.records_total(), self.browser.text("participants"))

    def test_office_shows_its_communes(self):
        office = {"code": "browser", "name": "BHXH cơ sở Thử", "communeCodes": ["02647", "02671"]}
        self.api.call("Directory/ImportSiUnits", siUnits=[office])
        for lang in LANGS:
            self.visit(f"?unit=SI%3Abrowser&lang={lang}")
            self.await_number(lang, unit="SI:browser")
            self.await_text("unit-name", office["name"])
            self.assertEqual(sorted(self.browser.rows()), office["communeCodes"])
            answer = self.progress("SI:browser", withChildren=True)
            self.await_text("plan", number(int(answer["plan"]), lang))
            self.assertEqual(int(answer["plan"]), sum(int(child["plan"]) for child in answer["children"]))
            for part in ("#help", "#forecast"):
                self.browser.wait(lambda: self.shown(part), f"{part} of an office", MOVE_TIMEOUT_S)
        self.browser.click("#chips .drop")
        self.await_address("unit=VN")

    def test_filters_are_chosen_and_dropped_and_stay_when_the_unit_changes(self):
        self.pay_through(pointCode="BD02647")
        self.visit(f"?unit={PROVINCE}&lang=vi")
        self.browser.click("#filter-fields summary")
        offered = "return [...document.querySelectorAll('#filter-organisation option')].map(option => option.value)"
        self.browser.wait(lambda: "VNPOST" in self.browser.run(offered), "the organisations", MOVE_TIMEOUT_S)
        self.choose("filter-organisation", "VNPOST")
        self.await_address("organisation=VNPOST")
        self.browser.wait(lambda: self.chips() == ["Bưu điện Việt Nam"], "the organisation's chip", MOVE_TIMEOUT_S)
        self.choose("filter-point", "BD02647")
        self.browser.wait(lambda: len(self.chips()) == 2, "the point's chip", MOVE_TIMEOUT_S)
        self.await_number("vi", organisationCode="VNPOST", pointCode="BD02647")
        self.browser.click('tr[data-unit="02647"] .name a')
        self.await_address("unit=02647&")
        self.assertEqual(len(self.chips()), 2)
        self.await_number("vi", unit="02647", organisationCode="VNPOST", pointCode="BD02647")
        self.browser.click("#chips .drop")
        self.browser.wait(lambda: "organisation=" not in self.browser.driver.current_url, "the filter is gone", MOVE_TIMEOUT_S)
        self.await_number("vi", unit="02647", pointCode="BD02647")
        self.browser.click("#chips .drop")
        self.await_number("vi", unit="02647")
        self.assertEqual(self.chips(), [])
        self.browser.wait(lambda: self.browser.link() == "live", "the stream", MOVE_TIMEOUT_S)

    def test_what_cannot_be_a_code_is_not_asked_for(self):
        self.visit(f"?unit={PROVINCE}&lang=vi")
        self.browser.click("#filter-fields summary")
        self.choose("filter-office", "not a code!")
        self.assertEqual(self.browser.element("#filter-office").get_attribute("aria-invalid"), "true")
        self.assertIn(f"unit={PROVINCE}&", self.browser.driver.current_url)

    def test_links_of_before_still_lead_there(self):
        self.pay_through(pointCode="BD02647", collectorCode="NV0002")
        self.visit(f"?unit={PROVINCE}&lang=vi&who=collector:NV0002")
        self.await_number("vi", collectorCode="NV0002")
        self.assertEqual(self.chips(), ["NV0002"])

    def test_moment_says_what_is_not_of_it(self):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + OFFSET_MS // 1000 - 2))
        for lang, text in (("vi", "là của hiện tại"), ("en", "are those of now")):
            self.browser.open(f"?unit={PROVINCE}&lang={lang}&at={moment}")
            self.browser.wait(lambda: self.browser.link() == "past", "the page as of a moment")
            self.browser.wait(lambda: text in self.browser.text("filter-note"), "what is of now")

    def test_still_page_asks_once_and_opens_no_stream(self):
        with self.browser.prepared("window.EventSource = function () { throw new Error('a stream'); };"):
            self.browser.open(f"?unit={PROVINCE}&lang=vi&still")
            self.browser.wait(lambda: self.browser.link() == "past", "the page that stands still")
            self.browser.wait(lambda: self.browser.run("return !document.getElementById('series').hidden"), "the chart")
        self.assertIn("Số liệu lúc ", self.browser.text("link-text"))
        self.await_number("vi")

    def test_link_opens_at_its_part(self):
        reached = (
            "const part = document.getElementById(arguments[0]); const end = document.documentElement.scrollHeight - 2;"
            " return part.checkVisibility() && window.scrollY > 0 &&"
            " (Math.abs(part.getBoundingClientRect().top) <= 2 || window.innerHeight + window.scrollY >= end);"
        )
        cases = (("by=organisations", "boards"), ("q=muong", "units"), ("touch=same_day", "sessions"), ("by=collectors#units", "units"))
        self.api.hold_session("02647", 5)
        for query, part in cases:
            self.visit(f"?unit={PROVINCE}&lang=vi&{query}")
            self.browser.wait(lambda: self.browser.run(reached, part), f"{part} in sight", MOVE_TIMEOUT_S)

    def test_link_that_is_copied_leads_to_the_part_in_sight(self):
        self.api.hold_session("02647", 5)
        with self.browser.prepared("navigator.clipboard.writeText = async (text) => { window.copied = text; };"):
            self.visit(f"?unit={PROVINCE}&lang=vi")
        self.browser.wait(lambda: self.shown("#sessions"), "the sessions")
        self.browser.run("document.getElementById('sessions').scrollIntoView()")
        self.browser.run("document.getElementById('share').click()")
        self.browser.wait(lambda: self.browser.run("return window.copied"), "the link", MOVE_TIMEOUT_S)
        self.assertTrue(self.browser.run("return window.copied").endswith("#sessions"))

    def test_filters_are_open_to_everybody(self):
        text = axe.source()
        self.pay_through(pointCode="BD02647", collectorCode="NV0002")
        for lang in LANGS:
            self.visit(f"?unit={PROVINCE}&lang={lang}&organisation=VNPOST&collector=NV0002")
            self.browser.click("#filter-fields summary")
            self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('#list-point option').length"), "points")
            self.assertEqual(axe.violations(self.browser, text), [])
            for width in (360, 1366):
                self.browser.show(width, 740, width == 360)
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)
            self.browser.show(1366, 768)


if __name__ == "__main__":
    unittest.main(verbosity=2)
