#!/usr/bin/env python3
"""Measures HTML reports in headless Chromium at five widths, in both themes: what lies over something else, is cut off, breaks inside a word.

usage: page_checks.py PAGE... [--axe AXE.js] [--facts DIR [--write]] [--screenshots DIR]

With --axe it runs the accessibility checks of axe-core (the file `axe.min.js` of its npm package; or AXE=/path/to/it). With --facts it compares the
layout of each page (which parts, columns and cards stand where) with DIR/NAME.txt, or with --write writes these files.
exit 0: nothing wrong; 1: something is; 3: no Chromium found
"""
import base64
import os
import pathlib
import sys
import tempfile

import chromium

WIDTHS = (400, 768, 1024, 1400, 1920)
THEMES = ("light", "dark")
SCRIPT = pathlib.Path(__file__).with_name("page-checks.js").read_text()
# Opens what the page folds away: the first parts, lists of programs and details.
OPEN = """(() => {
  [...document.querySelectorAll('details')].slice(0, 30).forEach((part, index) => { part.open = index < 3 || part.closest('#rules'); });
  const closed = where => [...document.querySelectorAll(where + ' .open[aria-expanded="false"]')];
  [...closed('#tables').slice(0, 4), ...closed('#list').slice(0, 2)].forEach(button => button.click());
})()"""
AXE = """axe.run(document, { resultTypes: ['violations'] }).then(found =>
  found.violations.map(v => v.id + ' at ' + v.nodes[0].html.slice(0, 100) + ' (' + v.nodes.length + ')'))"""


def run(browser, what):
    return browser.value(f"(() => {{ {SCRIPT}\n return pageChecks.{what}(); }})()")


def open_parts(browser):
    browser.value(OPEN)
    browser.resize(WIDTHS[-1])


def measure(browser):
    """Examples of what is wrong, by kind."""
    return run(browser, "measure")


def facts(browser):
    """The layout of the page at each width, as text."""
    text = []
    for width in WIDTHS:
        browser.resize(width)
        text.append(f"{width} pixels\n" + "".join(f"  {line}\n" for line in run(browser, "facts")))
    return "\n".join(text)


def check(browser, page, axe, shots):
    """Prints what is wrong with a page, and returns how many kinds."""
    wrong = 0

    def say(where, kind, examples):
        nonlocal wrong
        wrong += 1
        print(f"{page.name} {where}: {kind} ({len(examples)}): " + " | ".join(dict.fromkeys(examples[:4])))

    open_parts(browser)
    if axe:
        browser.value(axe.read_text() + ";0")
    for theme in THEMES:
        browser.value(f"document.documentElement.dataset.theme = '{theme}'")
        for width in WIDTHS:
            browser.resize(width)
            for kind, examples in measure(browser).items():
                if examples:
                    say(f"{width} {theme}", kind, examples)
            if axe and width in (WIDTHS[0], WIDTHS[3]):
                for violation in browser.value(AXE):
                    say(f"{width} {theme}", "axe", [violation])
            if shots:
                picture = browser.call("Page.captureScreenshot")
                (shots / f"{page.stem}-{width}-{theme}.png").write_bytes(base64.b64decode(picture["data"]))
    complaints = browser.complaints()
    if complaints:
        say("", "complaints of the browser", [str(c) for c in complaints])
    return wrong


def compare(text, path, write):
    """Whether the layout is that of the file."""
    if write:
        path.write_text(text)
    kept = path.read_text() if path.exists() else ""
    if kept == text:
        return True
    for before, now in zip(kept.splitlines() + [""] * 99, text.splitlines()):
        if before != now:
            print(f"{path}: the layout differs:\n  kept: {before}\n  now:  {now}")
            break
    else:
        print(f"{path}: the page has less than the kept layout")
    return False


def main():
    arguments = sys.argv[1:]

    def option(name):
        if name not in arguments:
            return None
        at = arguments.index(name)
        value = pathlib.Path(arguments[at + 1])
        del arguments[at:at + 2]
        return value

    write = "--write" in arguments
    if write:
        arguments.remove("--write")
    kept, shots = option("--facts"), option("--screenshots")
    axe = option("--axe") or (pathlib.Path(os.environ["AXE"]) if os.environ.get("AXE") else None)
    if not arguments:
        sys.exit(__doc__)
    program = chromium.find()
    if not program:
        print("skipped: no Chromium (apt-get install chromium, or set CHROMIUM)")
        sys.exit(3)
    for folder in filter(None, (shots, kept)):
        folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium.Browser(program, profile)
        try:
            for page in map(pathlib.Path, arguments):
                browser.open(page)
                if kept:
                    wrong += not compare(facts(browser), kept / f"{page.stem}.txt", write)
                wrong += check(browser, page, axe, shots)
        finally:
            browser.close()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
