#!/usr/bin/python3
"""The page is of one plan: the reader's choice, or that of the campaign in view, and says which; its numbers are the API's.

Needs what test_dashboard.py needs.
"""

import time
import unittest

from api import number, pace, percent
from page import MOVE_TIMEOUT_S, PROVINCE, PageTest

LANGS = ("vi", "en")
DAY_S = 24 * 3600
OFFSET_S = 7 * 3600  # +07:00
PLAN = "browser-dash"
CAMPAIGN = "browser-own"
TILE_MAX_PX = 160
NEW = {"vi": "người mới tham gia", "en": "new participants"}
# What stands within the ring, by the ring's inner width.
IN_RING = (
    "const ring = document.getElementById('ring'); const text = document.createRange(); text.selectNodeContents(document.getElementById('percent'));"
    " return text.getBoundingClientRect().width / (ring.getBoundingClientRect().width * 92 / 120)"
)


def day(ahead=0):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + OFFSET_S + ahead * DAY_S))


def written(date, lang):
    return date if lang == "en" else "/".join(reversed(date.split("-")))


class PlansTest(PageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.last = day(-3), day(20)
        root = {"kind": "PLAN_SCOPE_KIND_UNIT", "code": PROVINCE}
        plan = {"code": PLAN, "name": "Về đích", "product": "PRODUCT_VOLUNTARY_SI", "period": "PLAN_PERIOD_CAMPAIGN", "from": cls.first,
                "until": cls.last, "counts": "METRIC_PAID", "measure": "PLAN_MEASURE_NEW", "root": root, "target": "3960"}
        cls.api.call("Plans/DefinePlan", plan=plan)
        cls.api.call("Plans/CascadePlan", planCode=PLAN, downTo="UNIT_LEVEL_COMMUNE", weights="PLAN_WEIGHTS_EQUAL")
        from_ms = int(time.time() + OFFSET_S) // DAY_S * DAY_S * 1000 - (OFFSET_S + 3 * DAY_S) * 1000
        campaign = {"code": CAMPAIGN, "name": "Chiến dịch về đích", "nameEn": "Home run", "fromMs": from_ms, "untilMs": from_ms + 24 * DAY_S * 1000,
                    "unitCodes": [PROVINCE], "counts": "METRIC_PAID", "planCode": PLAN, "sprint": True}
        stock = {**campaign, "code": "browser-stock", "planCode": "2025", "sprint": False}
        cls.api.call("Campaigns/ImportCampaigns", campaigns=[campaign, stock])
        # Other tests look at the province without a campaign.
        over = [{**one, "untilMs": from_ms + DAY_S * 1000} for one in (campaign, stock)]
        cls.addClassCleanup(cls.api.call, "Campaigns/ImportCampaigns", campaigns=over)
        cls.commune = cls.api.progress(PROVINCE).children[-7].code
        cls.api.pay(cls.api.enrol(cls.commune))

    def board(self, unit=PROVINCE, plan=PLAN, **chosen):
        return self.api.call("Analytics/GetBoard", slice={"unitCode": unit, **chosen}, by="BOARD_BY_UNITS", planCode=plan)

    def cell(self, unit, name):
        return self.browser.run("return document.querySelector(`tr[data-unit=\"${arguments[0]}\"] td.${arguments[1]}`).textContent", unit, name)

    def await_hero(self, lang, **asked):
        """Number, ring, gap, target, map and table are those of the plan."""
        answer = self.board(**asked)
        whole = answer["whole"]
        self.await_text("participants", number(int(whole["value"]), lang))
        self.await_text("percent", percent(whole["percent"], lang))
        self.assertEqual(self.browser.text("gap"), number(abs(int(whole["gap"])), lang))
        self.assertEqual(self.browser.text("plan"), number(int(whole["plan"]), lang))
        self.assertTrue(self.browser.element("#ring").is_displayed())
        self.assertTrue(self.browser.element("#measure").is_displayed())
        rows = answer["rows"]
        for row in rows[:3] + rows[-3:] if len(rows) > 1 else ():
            for name, wanted in (("participants", row["value"]), ("plan", row["plan"]), ("gap", row["gap"])):
                self.assertEqual(self.cell(row["code"], name), number(int(wanted), lang))
            self.assertEqual(self.cell(row["code"], "percent"), percent(row["percent"], lang))
            tile = f".tile[href*=\"unit={row['code']}&\"]"
            self.assertIn(percent(row["percent"], lang), self.browser.element(tile).get_attribute("aria-label"))
        return answer

    def await_forecast(self, lang, unit=PROVINCE, plan=PLAN):
        self.browser.wait(lambda: self.browser.run("return !document.getElementById('forecast').hidden"), "the forecast")
        answer = self.api.call("Analytics/GetForecast", unitCode=unit, planCode=plan)["unit"]
        self.await_text("sentence", answer["sentenceVi" if lang == "vi" else "sentence"])
        if answer["neededPerDay"]:
            self.await_text("needed", pace(answer["neededPerDay"], lang))
        self.await_text("pace", pace(answer["pacePerDay"], lang))

    def records_total(self):
        self.browser.click("#participants")
        self.browser.wait(lambda: self.browser.run("return document.getElementById('records').open"), "the records")
        self.browser.wait(lambda: self.browser.text("records-total"), "their sum")
        total = self.browser.text("records-total")
        self.browser.element("#records-close").click()
        return total

    def test_chosen_plan_is_that_of_the_whole_page(self):
        for lang in LANGS:
            self.visit(f"?unit={PROVINCE}&lang={lang}&plan={PLAN}")
            self.await_hero(lang)
            self.await_forecast(lang)
            self.assertEqual(self.browser.text("count-label"), NEW[lang])
            measure = self.browser.text("measure")
            for part in ("Về đích", written(self.first, lang), written(self.last, lang)):
                self.assertIn(part, measure)
            self.assertEqual(self.records_total(), self.browser.text("participants"))

    def test_plan_is_chosen_and_dropped_in_place(self):
        self.visit(f"?unit={PROVINCE}&lang=en")
        of_year = self.browser.text("percent")
        self.assertEqual(of_year, percent(self.api.progress(PROVINCE).percent, "en"))
        offered = "return [...document.querySelectorAll('#board-plan option')].map(option => option.value)"
        self.browser.wait(lambda: PLAN in self.browser.run(offered), "the plan is offered", MOVE_TIMEOUT_S * 2)
        self.choose("board-plan", PLAN)
        self.await_hero("en")
        self.browser.click('#chips .drop[href*="unit="]')
        self.await_text("percent", of_year)
        self.assertFalse(self.browser.element("#measure").is_displayed())
        self.assertTrue(self.browser.run("return window.isSamePage"), "the page is the same")

    def test_number_of_the_plan_goes_on_by_itself(self):
        self.visit(f"?unit={self.commune}&lang=vi&plan={PLAN}")
        before = int(self.await_hero("vi", unit=self.commune)["whole"]["value"])
        self.api.pay(self.api.enrol(self.commune))
        self.await_text("participants", number(before + 1, "vi"), MOVE_TIMEOUT_S * 2)
        self.await_hero("vi", unit=self.commune)

    def test_unit_without_a_target_says_so(self):
        for lang, text in (("vi", "không có chỉ tiêu"), ("en", "no target in it")):
            self.visit(f"?unit=VN&lang={lang}&plan={PLAN}")
            self.await_text("plan", text)
            self.assertFalse(self.browser.element("#ring").is_displayed())
            row = next(row for row in self.board("VN")["rows"] if row["code"] == PROVINCE)
            self.browser.wait(lambda: self.cell(PROVINCE, "percent") == percent(row["percent"], lang), "the province's percent", MOVE_TIMEOUT_S)

    def test_campaign_shows_its_own_plan(self):
        for lang, name in (("vi", "Chiến dịch về đích"), ("en", "Home run")):
            for unit in (PROVINCE, self.commune):
                self.visit(f"?unit={unit}&lang={lang}&campaign={CAMPAIGN}")
                self.await_hero(lang, unit=unit, campaignCode=CAMPAIGN)
                self.await_forecast(lang, unit)
                self.assertIn("Về đích", self.browser.text("measure"))
                self.assertIn(name, self.browser.text("until"))
                self.assertIn(written(self.last, lang), self.browser.text("until"))
                self.assertIn("20", self.browser.text("left"))
                self.assertFalse(self.browser.element("#filter-note").is_displayed())
                self.assertEqual(self.records_total(), self.browser.text("participants"))
        self.visit(f"?unit={PROVINCE}&lang=en&campaign={CAMPAIGN}")
        board = self.api.call("Analytics/GetBoard", slice={"unitCode": PROVINCE, "campaignCode": CAMPAIGN}, by="BOARD_BY_COMMUNES",
                              order="BOARD_ORDER_PERCENT", planCode=PLAN, limit=10)
        wanted = [percent(row.get("percent", ""), "en") for row in board["rows"]]
        cells = "return [...document.querySelectorAll('#board-rows .b-percent')].map(cell => cell.textContent)"
        self.browser.wait(lambda: self.browser.run(cells) == wanted, f"the percents {wanted}", MOVE_TIMEOUT_S)
        self.browser.wait(lambda: self.browser.element("#help-list li").is_displayed(), "who needs help")

    def test_campaign_with_a_plan_of_all_says_that_it_counts_more(self):
        for lang, text in (("vi", "rộng hơn chiến dịch này"), ("en", "counts more than this campaign")):
            self.visit(f"?unit={PROVINCE}&lang={lang}&campaign=browser-stock")
            self.await_hero(lang, plan="2025")
            self.await_forecast(lang, plan="2025")
            self.assertIn(text, self.browser.text("filter-note"))

    def test_plan_as_it_was_can_be_looked_at(self):
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + OFFSET_S - 2))
        self.browser.open(f"?unit={PROVINCE}&lang=vi&campaign={CAMPAIGN}&at={at}")
        self.browser.wait(lambda: self.browser.link() == "past", "the page as of a moment")
        self.browser.wait(lambda: self.browser.text("percent").endswith("%"), "its percent")

    def test_unknown_plan_is_told_with_a_way_out(self):
        self.may_complain = True
        for more in ("", "&organisation=VNPOST"):
            for lang, text in (("vi", "Không có kế hoạch mã “NOPE”"), ("en", "There is no plan with the code “NOPE”")):
                self.browser.open(f"?unit={PROVINCE}&lang={lang}&plan=NOPE{more}")
                notice = self.browser.element("#notice")
                self.browser.wait(notice.is_displayed, "the plan is told")
                self.assertIn(text, notice.text)
                self.assertFalse(self.browser.element("#board").is_displayed())
                self.browser.click("#notice a")
                self.await_live()
                self.assertNotIn("plan=", self.browser.driver.current_url)

    def test_percent_stays_within_its_ring(self):
        root = {"kind": "PLAN_SCOPE_KIND_UNIT", "code": self.commune}
        self.api.call("Plans/DefinePlan", plan={
            "code": "browser-one", "name": "Một người", "product": "PRODUCT_VOLUNTARY_SI", "period": "PLAN_PERIOD_YEAR", "from": f"{day()[:4]}-01-01",
            "until": f"{day()[:4]}-12-31", "counts": "METRIC_PAID", "measure": "PLAN_MEASURE_STOCK", "root": root, "target": "1"})
        for size, more in (((1366, 768), ""), ((1920, 1080), "&wall"), ((360, 740), "")):
            self.browser.show(*size)
            for lang in LANGS:
                self.visit(f"?unit={self.commune}&lang={lang}&plan=browser-one{more}")
                wanted = percent(self.board(self.commune, "browser-one")["whole"]["percent"], lang)
                self.assertGreater(len(wanted), 8)
                self.await_text("percent", wanted)
                self.assertLess(self.browser.run(IN_RING), 1)
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), size[0])

    def test_office_of_two_communes_has_tiles_of_a_tile_s_size(self):
        self.api.call("Directory/ImportSiUnits", siUnits=[{"code": "browser-pair", "name": "BHXH cơ sở Hai", "communeCodes": ["02683", "02686"]}])
        height = "return Math.max(...[...document.querySelectorAll('.tile')].map(tile => tile.getBoundingClientRect().height))"
        for size in ((1366, 768), (1920, 1080), (360, 740)):
            self.browser.show(*size)
            self.visit("?unit=SI%3Abrowser-pair&lang=vi")
            self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('.tile').length") == 2, "two tiles")
            self.browser.wait(lambda: self.browser.run("return !document.getElementById('series').hidden"), "the chart")
            self.assertLess(self.browser.run(height), TILE_MAX_PX)

    def test_wall_cuts_nothing_of_a_plan(self):
        self.browser.show(1920, 1080)
        for query in (f"unit={PROVINCE}&campaign={CAMPAIGN}", f"unit={PROVINCE}&plan={PLAN}"):
            self.visit(f"?{query}&lang=vi&wall")
            self.browser.wait(lambda: self.browser.run("return !document.getElementById('boards').hidden"), "all parts")
            cut = "const hero = document.getElementById('hero'); return hero.scrollHeight - hero.clientHeight"
            self.assertLessEqual(self.browser.run(cut), 2)
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollHeight"), 1080)


if __name__ == "__main__":
    unittest.main(verbosity=2)
