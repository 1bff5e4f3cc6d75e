"""axe-core, which finds what people with impairments cannot use. It is no part of the tree: npm brings it into the build folder."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import unittest

PACKAGE = "axe-core@4.10.2"
SHA512 = (
    "444de6750ecfdc54527bb7aa096a1e43f67d417aed9e24a3a75c148ede67442d"
    "d6229cf9ad20af7baa377ec676682a49b6b663499823c170284cee64e2d108d3"
)
FETCH_TIMEOUT_S = 60
RUN_TIMEOUT_S = 90
GRAVE = ("serious", "critical")
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations.map(
  ({id, impact, nodes}) => [impact, id, nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')])));
"""


def source():
    """The text of axe.min.js; skips the test when it cannot be had."""
    folder = os.path.join(os.environ.get("O", "build"), "tests", "axe")
    path = os.path.join(folder, PACKAGE.replace("@", "-") + ".tgz")
    if not os.path.exists(path):
        fetch(folder)
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha512").hexdigest() != SHA512:
            raise AssertionError(f"{path} is not the {PACKAGE} that is meant")
    with tarfile.open(path) as package:
        return package.extractfile("package/axe.min.js").read().decode()


def fetch(folder):
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not installed: no axe-core to check accessibility with")
    os.makedirs(folder, exist_ok=True)
    command = ["npm", "pack", "--silent", "--ignore-scripts", PACKAGE]
    try:
        subprocess.run(command, cwd=folder, timeout=FETCH_TIMEOUT_S, check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError):
        raise unittest.SkipTest(f"the registry does not give {PACKAGE}: accessibility is not checked") from None


def violations(browser, text):
    """What the page in view gets wrong, if it is grave: (impact, rule, elements)."""
    browser.driver.set_script_timeout(RUN_TIMEOUT_S)
    browser.run(text)
    return [found for found in browser.driver.execute_async_script(RUN) if found[0] in GRAVE]
