#!/usr/bin/python3
"""Every number of the sprint board opens into its records, and these add up to it; charts and boards say what the API says.

Needs what test_dashboard.py needs.
"""

import datetime
import json
import unittest

from api import dong, number, percent
from page import PROVINCE, PageTest

PAGE_ROWS = 50
OFFSET = datetime.timezone(datetime.timedelta(hours=7))
METRICS = {
    "participants": "METRIC_PAID",
    "declared": "METRIC_DECLARED",
    "payments": "METRIC_PAYMENTS",
    "pocket-participant": "METRIC_PARTICIPANT_VND",
    "pocket-central": "METRIC_CENTRAL_VND",
}


class RecordsTest(PageTest):
    def setUp(self):
        super().setUp()
        self.today = datetime.datetime.now(OFFSET).date().isoformat()

    def is_open(self):
        return self.browser.run("return document.getElementById('records').open")

    def await_records(self):
        self.browser.wait(self.is_open, "the records")

    def close(self):
        self.browser.element("#records-close").click()
        self.browser.wait(lambda: "open=" not in self.browser.driver.current_url, "the records are closed")

    def listed(self):
        return self.browser.run("return document.getElementById('records-rows').rows.length")

    def test_numbers_open_into_as_many_records(self):
        commune = self.pay_commune()
        for lang in ("vi", "en"):
            self.visit(f"?unit={commune}&lang={lang}")
            for element_id, metric in METRICS.items():
                shown = self.browser.text(element_id)
                self.browser.click(f"#{element_id}")
                self.await_records()
                answer = self.api.call("Analytics/ListRecords", slice={"unitCode": commune}, metric=metric, pageSize=500)
                total = int(answer["total"])
                text = dong(total, lang) if metric.endswith("VND") else number(total, lang)
                self.assertEqual(self.browser.text("records-total"), text)
                self.assertTrue(shown.startswith(text), f"{element_id} shows {shown}, its records {text}")
                self.assertEqual(self.listed(), min(int(answer["recordsInAll"]), PAGE_ROWS))
                self.close()

    def pay_commune(self, **through):
        """A commune in which somebody has just paid."""
        commune = self.api.progress(PROVINCE).children[0]
        self.api.pay(self.api.enrol(commune.code), **through)
        paid = commune.participants + 1
        self.browser.wait(lambda: self.api.progress(commune.code).participants == paid, "the payment is counted")
        return commune.code

    def test_pages_lead_on_and_back_to_the_last_record(self):
        commune = self.api.progress(PROVINCE).children[0].code
        self.visit(f"?unit={commune}&lang=vi&open=METRIC_PAID~{commune}~~~~~")
        self.await_records()
        in_all = int(self.api.call("Analytics/ListRecords", slice={"unitCode": commune}, metric="METRIC_PAID")["recordsInAll"])
        self.assertGreater(in_all, PAGE_ROWS)
        seen = set()
        place = "return [...document.querySelectorAll('#records-rows .b-position')].map(cell => cell.textContent)"
        while True:
            first = len(seen)
            seen.update(self.browser.run(place))
            if not self.browser.element("#records-next").is_enabled():
                break
            self.browser.element("#records-next").click()
            begin = number(first + PAGE_ROWS + 1, "vi") + "–"
            self.browser.wait(lambda: self.browser.text("records-page").startswith(begin), f"the page from {begin}")
        self.assertEqual(len(seen), in_all)
        self.browser.element("#records-back").click()
        self.browser.wait(lambda: self.listed() == PAGE_ROWS, "the page before")

    def test_no_personal_data_is_shown(self):
        self.pay_commune()
        self.visit(f"?unit={PROVINCE}&lang=vi&open=METRIC_PAID~{PROVINCE}~{self.today}~{self.today}~~~")
        self.await_records()
        self.assertNotIn("Nguyễn", self.browser.element("#records").text)

    def test_chart_says_what_the_series_says(self):
        self.pay_commune()
        for kind, bucket in (("day", "BUCKET_DAY"), ("hour", "BUCKET_HOUR")):
            self.visit(f"?unit={PROVINCE}&lang=vi&chart={kind}")
            since = self.today if kind == "hour" else (datetime.date.fromisoformat(self.today) - datetime.timedelta(29)).isoformat()
            answer = self.api.call("Analytics/GetSeries", slice={"unitCode": PROVINCE}, bucket=bucket,
                                   **{"from": since}, until=self.today, metrics=["METRIC_PAID"])
            total = number(int(answer["totals"][0]), "vi")
            self.browser.wait(lambda: total + " " in self.browser.text("readout"), f"the chart's sum is {total}")

    def growth(self, value, last):
        """What the chart says when so many came, and so many in the same days a year before."""
        answer = {"points": [{"day": self.today, "values": [str(value)], "lastYear": [str(last)]}]}
        source = (
            "const ask = window.fetch; window.fetch = (path, ...rest) => String(path).endsWith('/GetSeries')"
            f" ? Promise.resolve(new Response('{json.dumps(answer)}')) : ask(path, ...rest);"
        )
        with self.browser.prepared(source):
            self.visit(f"?unit={PROVINCE}&lang=en")
            self.browser.wait(lambda: "a year before" in self.browser.text("readout"), "the growth")
        return self.browser.text("readout").split("(")[1]

    def test_growth_is_not_rounded_to_nothing(self):
        for value, last, text in ((1, 1500, "\u221299.9%)"), (1, 9000, "\u221299.9%)"), (0, 60, "\u2212100.0%)"),
                                  (103, 100, "+3.0%)"), (60, 60, "0.0%)")):
            self.assertEqual(self.growth(value, last), text)

    def test_bar_opens_into_its_records(self):
        self.pay_commune()
        self.visit(f"?unit={PROVINCE}&lang=vi")
        self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('#chart .bar').length") == 30, "bars")
        bars = self.browser.driver.find_elements("css selector", "#chart .bar")
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", bars[-1])
        bars[-1].click()
        self.await_records()
        self.assertEqual(self.browser.text("records-total"), number(self.api.progress(PROVINCE).participants_today, "vi"))
        self.assertIn(self.today, self.browser.driver.current_url)

    def board(self, by, order="PERCENT", **fields):
        return self.api.call("Analytics/GetBoard", slice={"unitCode": PROVINCE}, by=f"BOARD_BY_{by}",
                             order=f"BOARD_ORDER_{order}", limit=10, **fields)["rows"]

    def shown_board(self):
        return self.browser.run(
            "return [...document.getElementById('board-rows').rows].map(row => [row.cells[0].textContent,"
            " row.querySelector('.b-name a').textContent, row.querySelector('.b-value').textContent])"
        )

    def test_boards_rank_as_the_api_does(self):
        self.pay_commune(pointCode="BD02647", collectorCode="NV0002")  # in this year: the sample's are of 2025
        for by in ("COMMUNES", "ORGANISATIONS", "COLLECTORS"):
            for lang in ("vi", "en"):
                self.visit(f"?unit={PROVINCE}&lang={lang}&by={by.lower()}")
                name = {"vi": "name", "en": "nameEn"}[lang]
                wanted = [[str(row["rank"]), row[name] or row["code"], number(int(row["value"]), lang)] for row in self.board(by)]
                self.browser.wait(lambda: self.shown_board()[: len(wanted)] == wanted, f"the board of {by} says {wanted}")

    def test_board_of_organisations_adds_up(self):
        commune = self.api.progress(PROVINCE).children[0].code
        self.visit(f"?unit={commune}&lang=vi&by=organisations")
        script = "return [...document.querySelectorAll('#board-rows .b-value')].map(cell => Number(cell.textContent.replaceAll('.', '')))"
        answer = self.api.call("Analytics/GetBoard", slice={"unitCode": commune}, by="BOARD_BY_ORGANISATIONS", limit=10)
        wanted = sum(int(row["value"]) for row in [*answer["rows"], answer.get("rest", {"value": 0})])
        self.browser.wait(lambda: sum(self.browser.run(script)) == wanted, f"the rows come to {wanted}")

    def test_board_is_ordered_by_what_is_chosen(self):
        self.visit(f"?unit={PROVINCE}&lang=vi")
        self.browser.wait(lambda: len(self.shown_board()) == 10, "the board")
        self.browser.run("const s = document.getElementById('board-order'); s.value = 'need'; s.dispatchEvent(new Event('change'))")
        wanted = [row["name"] for row in self.board("COMMUNES", "NEED")]
        self.browser.wait(lambda: [name for _, name, _ in self.shown_board()] == wanted, "communes by need")
        self.assertIn("order=need", self.browser.driver.current_url)

    def test_row_of_the_board_opens_into_its_records(self):
        self.pay_commune(pointCode="BD02647")
        self.visit(f"?unit={PROVINCE}&lang=vi&by=organisations")
        self.browser.wait(self.shown_board, "the board")
        shown = self.browser.run("return document.querySelector('#board-rows .b-value').textContent")
        self.browser.click("#board-rows .b-value a")
        self.await_records()
        self.assertEqual(self.browser.text("records-total"), shown)

    def test_board_as_it_was_can_be_looked_at(self):
        commune = self.pay_commune()
        moment = datetime.datetime.now(OFFSET).replace(microsecond=0)
        then = self.api.progress(PROVINCE)
        self.wait_a_second(moment)
        self.api.pay(self.api.enrol(commune))
        self.visit(f"?unit={PROVINCE}&lang=vi")
        later = number(then.participants + 1, "vi")
        self.browser.wait(lambda: self.browser.text("participants") == later, "the later payment")
        self.browser.element("#changed").click()
        text = moment.strftime("%Y-%m-%dT%H:%M:%S")
        self.browser.run("document.getElementById('moment').value = arguments[0]", text)
        self.browser.element("#picker-form .strong").click()
        self.browser.wait(lambda: self.browser.link() == "past", "the page tells that it is as of a moment")
        self.assertIn(moment.strftime("%H:%M:%S"), self.browser.text("link-text"))
        self.assertEqual(self.browser.text("participants"), number(then.participants, "vi"))
        self.browser.click("#participants")
        self.await_records()
        self.assertEqual(self.browser.text("records-total"), number(then.participants, "vi"))
        self.close()
        self.browser.element("#changed").click()
        self.browser.element("#picker-live").click()
        self.await_live()
        self.browser.wait(lambda: self.browser.text("participants") == later, "live again")

    def wait_a_second(self, moment):
        """Until what is recorded now belongs to a later second."""
        self.browser.wait(lambda: datetime.datetime.now(OFFSET) > moment + datetime.timedelta(seconds=2), "a later second")

    def test_organisation_of_the_board_narrows_the_page(self):
        self.pay_commune(pointCode="BD02647")
        self.visit(f"?unit={PROVINCE}&lang=vi&by=organisations")
        self.browser.wait(self.shown_board, "the board")
        code = self.board("ORGANISATIONS")[0]["code"]
        self.browser.click("#board-rows .b-name a")
        self.await_address(f"organisation={code}")
        answer = self.api.call("Analytics/GetProgress", unitCode=PROVINCE, organisationCode=code)
        self.browser.wait(lambda: self.browser.text("participants") == number(int(answer["participants"]), "vi"), "its number")
        self.browser.click("#participants")
        self.await_records()
        self.assertEqual(self.browser.text("records-total"), self.browser.text("participants"))
        self.close()
        self.browser.click("#chips .drop")
        self.browser.wait(lambda: not self.browser.run("return document.querySelector('#chips .drop')"), "everybody again")

    def test_percent_of_the_board_is_the_api_s(self):
        self.visit(f"?unit={PROVINCE}&lang=vi")
        wanted = [percent(row["percent"], "vi") for row in self.board("COMMUNES")]
        script = "return [...document.querySelectorAll('#board-rows .b-percent')].map(cell => cell.textContent)"
        self.browser.wait(lambda: self.browser.run(script) == wanted, "the percents")


if __name__ == "__main__":
    unittest.main(verbosity=2)
