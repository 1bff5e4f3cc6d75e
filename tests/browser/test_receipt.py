#!/usr/bin/python3
"""The page on which anybody checks a receipt, in a real browser against a running platform.

ANSINH_URL is its address. Alone: ANSINH_URL=http://127.0.0.1:8080 tests/browser/test_receipt.py
"""

import os
import time
import unittest

from selenium.common.exceptions import WebDriverException

from api import Api
from browser import Browser

COMMUNE = "02647"
POINT = "BD02647"
WRONG = "0000-0000-0000-0000"
PHONE = (360, 640)
WAIT_S = 30
# Whether something reaches beyond the right edge of the window.
TOO_WIDE = "return document.documentElement.scrollWidth > window.innerWidth"


class ReceiptTest(unittest.TestCase):
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
        cls.paid = cls.pay()

    @classmethod
    def pay(cls, **inquiry):
        bill = cls.api.call("Payments/Inquire", **(inquiry or {"participantId": cls.api.enrol(COMMUNE)}))
        paid = cls.api.call(
            "Payments/Pay",
            billId=bill["billId"],
            billVersion=bill["billVersion"],
            amountVnd=bill["dueVnd"],
            channel="PAYMENT_CHANNEL_CASH",
            pointCode=POINT,
        )
        return {**paid, **cls.receipt(paid["paymentId"])}

    @classmethod
    def receipt(cls, payment):
        until = time.monotonic() + WAIT_S
        while True:
            try:
                return cls.api.call("Receipts/GetReceipt", paymentId=payment)["receipt"]
            except AssertionError:
                if time.monotonic() > until:
                    raise

    def setUp(self):
        self.browser.errors()
        self.browser.show(*PHONE, is_phone=True)
        self.may_complain = False

    def tearDown(self):
        errors = self.browser.errors()
        if not self.may_complain:
            self.assertEqual(errors, [], "the console is not silent")

    def emulate(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def state(self):
        return self.browser.run("return document.body.dataset.state")

    def await_state(self, state):
        self.browser.wait(lambda: self.state() == state, f"the page is {state}")

    def text(self, selector):
        return self.browser.element(selector).text

    def check(self, code, lang="vi", meanwhile=""):
        self.browser.open(f"receipt?lang={lang}")
        self.await_state("ready")
        self.browser.run(meanwhile)
        self.browser.element("#code").send_keys(code)
        self.browser.click("#check")

    def picture(self, name):
        folder = os.environ.get("ANSINH_PICTURES")
        if folder:
            self.browser.driver.save_screenshot(f"{folder}/{name}.png")

    def test_a_valid_receipt_says_what_was_paid_and_not_by_whom(self):
        code = self.paid["verificationCode"]
        self.check(f"{code[:4]} {code[4:8].lower()}-{code[8:]}")
        self.await_state("shown")
        self.assertEqual(self.text("#state"), "Biên lai hợp lệ")
        facts = self.text("#facts")
        for words in ("Bưu điện Việt Nam", "Bưu điện phường Lào Cai", str(self.paid["number"])):
            self.assertIn(words, facts)
        self.assertNotIn("Thử", self.text("main"))
        self.assertFalse(self.browser.run(TOO_WIDE))
        self.picture("receipt-valid")

    def test_a_health_card_says_from_when_to_when(self):
        member = self.api.declare_health(COMMUNE)
        paid = self.pay(participantId=member, months=12, memberRank=2)
        self.check(paid["verificationCode"], "en")
        self.await_state("shown")
        facts = self.text("#facts")
        self.assertIn("Family health insurance", facts)
        self.assertIn("12 months, card from", facts)
        self.check(paid["verificationCode"])
        self.await_state("shown")
        self.assertIn("Bảo hiểm y tế hộ gia đình", self.text("#facts"))
        self.assertFalse(self.browser.run(TOO_WIDE))
        self.picture("receipt-health")

    def test_english_and_dark(self):
        self.emulate("dark")
        self.check(self.paid["verificationCode"], "en")
        self.await_state("shown")
        self.assertEqual(self.text("#state"), "This receipt is valid")
        self.picture("receipt-dark")
        self.emulate("light")

    def test_a_code_in_the_address_is_checked_at_once(self):
        self.browser.open(f"receipt#{self.paid['verificationCode']}")
        self.await_state("shown")
        self.assertEqual(self.text("#state"), "Biên lai hợp lệ")

    def test_a_wrong_code_is_told(self):
        self.may_complain = True  # Chromium tells of the 404
        self.check(WRONG)
        self.await_state("refused")
        self.assertIn("Không có biên lai nào", self.text("#notice"))
        self.check("123")
        self.await_state("refused")
        self.assertIn("16", self.text("#notice"))
        self.assertFalse(self.browser.run(TOO_WIDE))
        self.picture("receipt-wrong")

    def test_a_void_receipt_is_told(self):
        paid = self.pay()
        self.api.call(
            "Receipts/VoidReceipt", series=paid["series"], number=paid["number"], reason="VOID_REASON_SPOILT", officer="CB-1"
        )
        self.check(paid["verificationCode"])
        self.await_state("shown")
        self.assertEqual(self.text("#state"), "Biên lai đã bị hủy")
        self.picture("receipt-void")

    def test_who_guesses_is_slowed_down(self):
        self.may_complain = True
        ask = """
        const ask = () => fetch('/ansinh.v1.Receipts/VerifyCode', {
          method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"code":"0000000000000000"}',
        });
        """
        guess = """
        const done = arguments[arguments.length - 1];
        const all = Array.from({ length: 200 }, ask);
        Promise.all(all).then((each) => done(each.map((answer) => answer.status)));
        """
        self.browser.open("receipt")
        self.await_state("ready")
        self.assertEqual(set(self.browser.driver.execute_async_script(ask + guess)), {404, 429})
        # a try a second is free again: somebody takes it while we type
        for _ in range(10):
            self.check(self.paid["verificationCode"], meanwhile=ask + "setInterval(ask, 20);")
            self.browser.wait(lambda: self.state() in ("shown", "refused"), "the page has its answer")
            if self.state() == "refused":
                break
        self.assertEqual(self.state(), "refused")
        self.assertIn("quá nhiều lần", self.text("#notice"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
