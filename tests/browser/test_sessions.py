#!/usr/bin/python3
"""What the dashboard tells of sessions is what the API tells.

Needs what test_dashboard.py needs.
"""

import time
import unittest

from api import number, percent
from page import PROVINCE, PageTest

ATTENDANCE = 33
STEPS = ("attendance", "declared", "paid")


class SessionsTest(PageTest):
    def listed(self, commune):
        today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 3600))
        return self.api.call("Analytics/ListSessions", slice={"unitCode": commune}, until=today,
                             attribution="ATTRIBUTION_METHOD_LAST_TOUCH", **{"from": today[:4] + "-01-01"})

    def paid(self, commune):
        return int(self.listed(commune).get("total", {}).get("paid", 0))

    def test_yield_is_the_api_s(self):
        commune = self.api.progress(PROVINCE).children[-3].code
        paid = self.paid(commune) + 1
        self.api.hold_session(commune, ATTENDANCE)
        self.browser.wait(lambda: self.paid(commune) == paid, "the session has its yield")
        for lang in ("vi", "en"):
            self.visit(f"?unit={commune}&lang={lang}")
            self.browser.wait(self.browser.element("#sessions").is_displayed, "the sessions")
            answer = self.listed(commune)
            shown = self.browser.run(
                "return Object.fromEntries([...document.querySelectorAll('#session-steps > div')].map("
                "step => [step.className, step.querySelector('dd').textContent]))"
            )
            for key in STEPS:
                self.assertEqual(shown[f"session_{key}"], number(int(answer["total"][key]), lang))
            self.assertEqual(shown["session_contacts"], number(int(answer["reach"]), lang))
            self.assertEqual(shown["session_alone"], number(int(answer["declaredUnattributed"]), lang))
            self.assertEqual(shown["session_alone_paid"], number(int(answer["paidUnattributed"]), lang))
            self.assertIn(percent(answer["total"]["conversion"], lang), self.browser.text("sessions-lead"))
            rows = self.browser.run("return [...document.querySelectorAll('#session-rows .b-attendance')].map(cell => cell.textContent)")
            self.assertEqual(rows, [number(int(row["yield"]["attendance"]), lang) for row in answer["rows"]][: len(rows)])

    def test_number_of_a_session_opens_into_its_records(self):
        commune = self.api.progress(PROVINCE).children[-4].code
        code = self.api.hold_session(commune, ATTENDANCE)
        self.browser.wait(lambda: self.paid(commune) > 0, "the session has its yield")
        self.visit(f"?unit={commune}&lang=vi")
        cell = "return document.querySelector('#session-rows .b-paid a')?.textContent"
        self.browser.wait(lambda: self.browser.run(cell) == "1", "the session")
        self.browser.click("#session-rows .b-paid a")
        self.browser.wait(lambda: self.browser.run("return document.getElementById('records').open"), "the records")
        self.assertEqual(self.browser.text("records-total"), "1")
        self.assertIn(code, self.browser.driver.current_url)


if __name__ == "__main__":
    unittest.main(verbosity=2)
