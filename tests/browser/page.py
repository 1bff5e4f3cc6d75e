"""What the tests of the dashboard have in common: a browser, the API, and a console that is silent."""

import os
import unittest

from selenium.common.exceptions import WebDriverException

from api import Api
from browser import Browser

PROVINCE = "15"
MOVE_TIMEOUT_S = 5


class PageTest(unittest.TestCase):
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

    def tearDown(self):
        errors = self.browser.errors()
        if not self.may_complain:
            self.assertEqual(errors, [], "the console is not silent")

    def visit(self, query=f"?unit={PROVINCE}&lang=vi"):
        self.browser.open(query)
        self.await_live()
        self.browser.run("window.isSamePage = true")

    def await_live(self, timeout_s=MOVE_TIMEOUT_S * 2):
        self.browser.wait(lambda: self.browser.link() == "live", "a live page", timeout_s)
        self.browser.wait(lambda: self.browser.text("participants"), "a number", timeout_s)

    def choose(self, element_id, value):
        """What a reader does with a list or a field."""
        script = "const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('change'))"
        self.browser.run(script, element_id, value)

    def await_address(self, part):
        self.browser.wait(lambda: part in self.browser.driver.current_url, f"{part} in the address", MOVE_TIMEOUT_S)

    def await_text(self, element_id, text, timeout_s=MOVE_TIMEOUT_S):
        def is_there():
            return self.browser.text(element_id) == text

        self.browser.wait(is_there, f"{element_id} shows {text!r} (last: {self.browser.text(element_id)!r})", timeout_s)
