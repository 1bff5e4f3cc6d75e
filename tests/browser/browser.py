"""A headless Chromium for the tests, and what they ask of a page."""

import contextlib
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = "/usr/bin/chromium"
CHROMEDRIVER = "/usr/bin/chromedriver"
LOAD_TIMEOUT_S = 20
POLL_S = 0.05
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1366,768",
)


class Browser:
    def __init__(self, url):
        self.url = url.rstrip("/")
        self.profile = tempfile.mkdtemp(prefix="ansinh-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.add_argument(f"--user-data-dir={self.profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, query=""):
        self.driver.get(f"{self.url}/{query}")

    def show(self, width, height, is_phone=False):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def cut(self, is_offline):
        """Takes the network away, open connections included, or gives it back."""
        network = {"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def hurried(self, times):
        """Pages opened meanwhile have timers that run so many times faster."""
        return self.prepared(f"const atEase = setTimeout; window.setTimeout = (then, ms) => atEase(then, ms / {times});")

    def hurried_intervals(self, times):
        """The same for what the page does again and again."""
        return self.prepared(f"const calm = setInterval; window.setInterval = (then, ms) => calm(then, ms / {times});")

    @contextlib.contextmanager
    def prepared(self, source):
        """Pages opened meanwhile run the source before anything of their own."""
        script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    def element(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        """Clicks what the selector finds, again when the page drew it anew in between."""

        def clicked():
            try:
                self.element(selector).click()
                return True
            except (NoSuchElementException, StaleElementReferenceException):
                return False

        self.wait(clicked, f"a click on {selector}")

    def text(self, element_id):
        return self.run("return document.getElementById(arguments[0]).textContent", element_id)

    def link(self):
        """State of the live connection that the page claims."""
        return self.run("return document.body.dataset.link")

    def rows(self):
        """Codes of the visible rows, in the order of the page."""
        return self.run("return [...document.querySelectorAll('#rows tr:not([hidden])')].map(row => row.dataset.unit)")

    def wait(self, condition, what, timeout_s=LOAD_TIMEOUT_S):
        """Waits until condition() is true; what is shown when it never is."""
        WebDriverWait(self.driver, timeout_s, POLL_S).until(lambda _: condition(), f"never: {what}")

    def errors(self):
        """What the page complained about since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
