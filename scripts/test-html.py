#!/usr/bin/env python3
"""Opens HTML reports in headless Chromium and uses them like a person.

usage: test-html.py SMALL.html LARGE.html PACKAGES.html [--screenshots DIR] [--timed]

SMALL is the page of the four sample binaries with findings, LARGE one of 5,000 binaries, PACKAGES one of two programs with the packages of
sample modules; the tests of crates/report/src/html make them. With --timed it also checks how long actions take, for which the machine must be idle. Needs only Python and Chromium (Debian: apt-get install chromium; or CHROMIUM=/path/to/it).
exit 0: all checks pass; 1: some fail; 3: no Chromium found
"""
import base64
import json
import pathlib
import sys
import tempfile

import chromium
import page_checks

INTERACTIVE = 2.0  # seconds from opening the large page until it can be used, with --timed
timed = False


failures = 0


def check(what, is_so, detail=""):
    global failures
    failures += not is_so
    print(f"{'ok  ' if is_so else 'FAIL'} {what} {detail if not is_so else ''}".rstrip())


def quick(what, fine, detail=""):
    """A check of how long something takes."""
    check(what, fine or not timed, detail)


WIDTHS = (360, *page_checks.WIDTHS)
ROWS = "document.querySelectorAll('#list > tbody > tr:not(.detail)').length"


def laid_out(browser):
    """Everything on the page can be read at every width, with all parts open."""
    page_checks.open_parts(browser)
    for width in WIDTHS:
        browser.resize(width)
        for problem, examples in page_checks.measure(browser).items():
            check(f"{problem}: none at {width}", not examples, examples[:3])


def filtered(browser, query):
    """How many binaries a filter leaves."""
    browser.value(f"(() => {{ const f = document.getElementById('filter'); f.value = {json.dumps(query)};"
                  " f.dispatchEvent(new Event('input')); })()")
    return browser.value(ROWS)


def small(browser, path, shots):
    browser.open(path)
    check("four binaries are listed", browser.value(ROWS) == 4)
    check("tiles, charts and tables are drawn", browser.value(
        "document.querySelectorAll('.tile').length >= 5 && document.querySelectorAll('.chart .bar').length >= 5"
        " && document.querySelectorAll('#tables table').length === 5"))
    text = browser.value("document.body.textContent.replace(document.getElementById('data').textContent, '')")
    check("a hostile name is shown as it is", "</script><img src=x onerror=alert(1)>" in text)
    check("and acts on nothing", browser.value("document.querySelectorAll('img').length") == 0)
    check("its control characters are written out", "\\x1b[31m\\u{202e}" in text and "\u202e" not in text)
    for query, count in [("", 4), ("go:1.21", 1), ("go:go1.27.3", 1), ("flag:dirty", 1), ("-flag:dirty", 3), ("module:x/sys", 2),
                         ("setting:cgo_enabled=0", 1), ("level:error", 1), ("rule:stale-toolchain", 1),
                         ("is:unsupported", 2), ("port:linux usr/bin/hello", 1), ("nosuchthing", 0)]:
        found = filtered(browser, query)
        check(f"filter {query!r} leaves {count}", found == count, f"left {found}")
    filtered(browser, "")
    paths = "[...document.querySelectorAll('#list .open')].map(b => b.textContent)"
    browser.value("document.querySelector('#list thead th button').click()")
    up = browser.value(paths)
    browser.value("document.querySelector('#list thead th button').click()")
    check("a heading sorts, and back", up != browser.value(paths) and sorted(up) == sorted(browser.value(paths)))
    check("and says so", browser.value("document.querySelector('#list th').getAttribute('aria-sort')") == "descending")
    browser.value("document.activeElement.blur()")
    browser.key("/", "/")
    check("/ goes to the filter", browser.value("document.activeElement.id") == "filter")
    check("and types nothing", browser.value("document.getElementById('filter').value") == "")
    browser.value("document.querySelector('#b1 .open').focus()")
    browser.key("Enter", "\r")
    check("Enter opens the details", browser.value("document.querySelectorAll('.detail').length") == 1)
    detail = browser.value("document.querySelector('.detail').textContent")
    for part in ["stale-toolchain", "go-version contradicted", "fips140=maybe", "example.com/fork/sys@v0.41.1", "-trimpath"]:
        check(f"they tell {part}", part in detail)
    check("and the evidence of a finding", browser.value("document.querySelector('.detail .evidence').textContent") == "go1.21.13")
    check("links lead to the parts of the page", browser.value(
        "[...document.querySelectorAll('#nav a')].filter(a => document.querySelector(a.hash)).length") == 6)
    check("the address leads there", browser.value("location.hash") == "#b1")
    # The last table of the sample lists what was not examined, with 15 rows.
    shown = "[...document.querySelectorAll('#tables section:last-child tbody tr')].filter(r => !r.hidden).length"
    browser.value("(() => { const s = document.querySelector('#tables section:last-child .search'); s.value = 'closed-1';"
                  " s.dispatchEvent(new Event('input')); })()")
    check("a long table has a search", browser.value(shown) == 3, browser.value(shown))
    browser.value("document.querySelectorAll('#tables section:last-child th button')[1].click()")
    first = "document.querySelector('#tables section:last-child tbody tr:not([hidden]) td:nth-child(2)').textContent"
    check("and sorts by a column, numbers as numbers", browser.value(first) == "usr/bin/closed-1", browser.value(first))
    filtered(browser, "nosuchthing")
    browser.value("document.querySelectorAll('#tables .open')[1].click()")
    check("a finding leads to its program", browser.value("location.hash") == "#b3" and browser.value(ROWS) == 4)
    browser.value("document.querySelector('#b3 .open').click()")
    check("a second click closes it", browser.value("document.querySelectorAll('.detail').length") == 1)
    if shots:
        screenshot(browser, shots / "light.png")
    light = browser.value("getComputedStyle(document.body).backgroundColor")
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = browser.value("getComputedStyle(document.body).backgroundColor")
    check("dark where the system is dark", light != dark)
    if shots:
        screenshot(browser, shots / "dark.png")
    browser.value("document.getElementById('theme').click()")
    check("the button overrides it", browser.value("getComputedStyle(document.body).backgroundColor") == light)
    pdf = base64.b64decode(browser.call("Page.printToPDF")["data"])
    check("prints", pdf.startswith(b"%PDF") and len(pdf) > 10_000, f"{len(pdf)} bytes")
    unnamed = browser.value("[...document.querySelectorAll('button, input')].filter(e => !(e.textContent.trim() ||"
                            " e.labels?.length || e.getAttribute('aria-label'))).length")
    check("every control has a name", unnamed == 0)
    laid_out(browser)
    check("no complaints", not browser.complaints(), browser.complaints())


def large(browser, path, shots):
    size = pathlib.Path(path).stat().st_size
    check("below 10 MB", size < 10_000_000, f"{size}")
    browser.open(path)
    times = []
    while not times or (timed and min(times) >= INTERACTIVE and len(times) < 5):  # the best of some: the machine may be busy
        browser.call("Page.reload", ignoreCache=True)
        browser.wait("document.documentElement?.dataset.ready === 'true' && performance.now() > 0")
        times.append(browser.value(
            "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() / 1000))))"))
    quick(f"usable after {min(times):.2f} s (limit {INTERACTIVE} s)", min(times) < INTERACTIVE, f"tries {times}")
    browser.wait(f"{ROWS} === 5000")
    check("all rows arrive", True)
    for query in ["service-7", "module:module-003@v1.2", "go:1.2 flag:dirty", "go:1.22 flag:dirty", "setting:vcs.modified=true"]:
        spent = browser.value(
            f"(() => {{ const f = document.getElementById('filter'); f.value = {json.dumps(query)}; const t = performance.now();"
            " f.dispatchEvent(new Event('input')); return performance.now() - t; })()")
        quick(f"filter {query!r} takes {spent:.0f} ms, leaves {browser.value(ROWS)}", spent < 1000)
    filtered(browser, "")
    findings = "document.querySelectorAll('#t0 tbody tr').length"
    check("15,000 findings of three rules are three rows", browser.value(findings) == 3, browser.value(findings))
    browser.value("(() => { const s = document.querySelector('#t0 .search'); s.value = 'host7/ dirty-tree';"
                  " s.dispatchEvent(new Event('input')); document.querySelector('#t0 .open').click(); })()")
    places = "document.querySelectorAll('#t0 .places > li').length"
    check("a row opens to its first programs", browser.value(places) == 25, browser.value(places))
    browser.value("document.querySelector('#t0 td .all').click()")
    check("and to all that match when asked for", browser.value(places) == 60, browser.value(places))
    spent = browser.value("(() => { const t = performance.now(); document.querySelectorAll('#list thead button')[0].click();"
                          " return performance.now() - t; })()")
    quick(f"sorting takes {spent:.0f} ms", spent < 1000)
    spent = browser.value("(() => { const t = performance.now(); document.querySelector('#list .open').click();"
                          " return performance.now() - t; })()")
    quick(f"opening details takes {spent:.0f} ms", spent < 200)
    if shots:
        screenshot(browser, shots / "large.png")
    check("no complaints", not browser.complaints(), browser.complaints())


# Pairs of areas of a map that lie over each other, and areas that reach beyond the map.
CROSSING = """(() => {
  let wrong = 0;
  for (const stage of document.querySelectorAll('.areas')) {
    const whole = stage.getBoundingClientRect();
    const boxes = [...stage.querySelectorAll('.area')].map(area => area.getBoundingClientRect());
    for (const [i, a] of boxes.entries()) {
      if (a.right > whole.right + 1 || a.bottom > whole.bottom + 1) wrong++;
      for (const b of boxes.slice(i + 1)) {
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) wrong++;
      }
    }
  }
  return wrong;
})()"""
AREAS = "document.querySelectorAll('.program[open] .area').length"
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? ''"


def packages(browser, path, shots):
    browser.open(path)
    check("the first program is open, the others are not", browser.value("[...document.querySelectorAll('.program')].map(p => p.open).join()") == "true,false,false")
    browser.wait(f"{AREAS} === 12")
    check("an area for each module with code", True)
    ratio = browser.value("(() => { const part = e => { const b = e.getBoundingClientRect(); return b.width * b.height; };"
                          " const all = [...document.querySelectorAll('.program[open] .area')]; return part(all[0]) / part(all[1]); })()")
    check("areas are as large as the code", abs(ratio - 12 / 11) < 0.02, ratio)
    check("the tab key reaches one of them", browser.value("document.querySelectorAll('.program[open] .area[tabindex=\"0\"]').length") == 1)
    browser.value("document.querySelector('.area[tabindex=\"0\"]').focus()")
    first = browser.value(FOCUSED)
    check("an area says what it is", first == "example.com/module-12 v1.2.3: 120.0 kB, 15.4 %, 4 packages", first)
    browser.key("ArrowRight")
    check("an arrow key goes to the next", "module-11" in browser.value(FOCUSED), browser.value(FOCUSED))
    check("and the page says it", "module-11" in browser.value("document.querySelector('.says').textContent"))
    browser.key("End")
    check("End goes to the last", "module-1 " in browser.value(FOCUSED), browser.value(FOCUSED))
    browser.key("Home")
    browser.key("Enter", "\r")
    check("Enter opens a module", browser.value(AREAS) == 3 and "module-12/part-0" in browser.value(FOCUSED), browser.value(FOCUSED))
    check("with what its packages can do", "EXEC FILES?" in browser.value(FOCUSED), browser.value(FOCUSED))
    browser.key("Escape")
    check("Escape goes back to it", browser.value(AREAS) == 12 and "module-12" in browser.value(FOCUSED), browser.value(FOCUSED))
    browser.value("document.querySelector('.area').click()")
    browser.value("document.querySelector('.back').click()")
    check("so does the button", browser.value(AREAS) == 12 and browser.value("document.querySelector('.back').hidden"))
    check("a table has all packages, also those without code of their own",
          browser.value("document.querySelector('.program section h2').textContent").endswith("(48)"))
    check("a hostile name is shown as it is", "</script><img src=x onerror=alert(1)>" in browser.value("document.body.innerText"))
    check("and acts on nothing", browser.value("document.querySelectorAll('img').length") == 0)
    browser.value("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    browser.wait("document.querySelectorAll('.program').length === 3 && document.querySelectorAll('.areas').length === 2")
    check("where packages are unknown the page says why", "no function table" in browser.value("document.querySelectorAll('.program')[2].textContent"))
    laid_out(browser)
    for width in WIDTHS:
        browser.resize(width)
        check(f"no area lies over another at {width}", browser.value(CROSSING) == 0, browser.value(CROSSING))
        if shots:
            screenshot(browser, shots / f"packages-{width}.png", width)
    check("no complaints", not browser.complaints(), browser.complaints())


def screenshot(browser, path, width=1400):
    browser.resize(width, 1000)
    picture = browser.call("Page.captureScreenshot", captureBeyondViewport=str(path).endswith(("light.png", "dark.png")))
    path.write_bytes(base64.b64decode(picture["data"]))


def main():
    global timed
    arguments = sys.argv[1:]
    shots = None
    if "--timed" in arguments:
        timed = True
        arguments.remove("--timed")
    if "--screenshots" in arguments:
        at = arguments.index("--screenshots")
        shots = pathlib.Path(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) != 3:
        sys.exit(__doc__)
    program = chromium.find()
    if not program:
        print("skipped: no Chromium (apt-get install chromium, or set CHROMIUM)")
        sys.exit(3)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium.Browser(program, profile)
        try:
            small(browser, arguments[0], shots)
            large(browser, arguments[1], shots)
            packages(browser, arguments[2], shots)
        finally:
            browser.close()
    sys.exit(1 if failures else 0)


main()
