"""A real browser for tests: Debian's chromium, driven through driver.mjs.

    page = browser.open(stack.url + "/#/status", width=360)   # loaded, and nothing loads any more
    page.click(role="link", name="Events"); page.settled()
    page.check()                                              # console, policy, accessibility, width

Every method is a command of driver.mjs; a command that fails there raises BrowserError here.
"""

import json
import pathlib
import subprocess

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SCREENSHOTS = PROJECT / "build" / "screenshots"
DRIVER = pathlib.Path(__file__).with_name("driver.mjs")


class BrowserError(AssertionError):
    """What was asked of the browser did not happen; the text is the driver's."""


class Browser:
    def __init__(self):
        self._process = subprocess.Popen(["node", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command, **words):
        self._process.stdin.write(json.dumps({"command": command, **words}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BrowserError(f"the browser ended with {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(f"{command} {words}: {answer['error']}")
        return answer["ok"]

    def open(self, url, **words):
        self.ask("open", url=url, **words)
        return Page(self)

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)


class Page:
    def __init__(self, browser):
        self._browser = browser

    def __getattr__(self, command):
        return lambda **words: self._browser.ask(command, **words)

    def check(self, allowed=()):
        """Nothing is wrong that no page may have. `allowed`: parts of messages about what the test itself broke."""
        def rest(found):
            return [one for one in found if not any(part in one for part in allowed)]
        seen = self.seen()
        assert not seen["policy"], seen["policy"]
        assert not seen["foreign"], seen["foreign"]
        assert not rest(seen["failed"]), seen["failed"]
        assert not rest(seen["console"]), seen["console"]
        grave = [one for one in self.axe() if one["impact"] in ("serious", "critical")]
        assert not grave, json.dumps(grave, indent=1)
        width = self.overflow()
        assert width["page"] <= width["window"], width

    def keep(self, name):
        """A screenshot in build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
