#!/usr/bin/env python3
"""The site of the documentation: prepares its pages for mdBook, and checks the links of the built site.

usage: mdbook build && scripts/book.py --check     every link between pages leads to a page and a heading of target/book
       scripts/book.py --names                      every page of docs is in docs/SUMMARY.md, and no other

book.toml starts it as a preprocessor: links that lead out of docs become links to the repository, because the site has docs alone.
"""
import html.parser, json, os, re, sys, urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPOSITORY = "https://github.com/gospect/gospect/blob/main/"
BOOK = os.path.join(ROOT, "target", "book")


def outward(text):
    """Links such as ../action.yml, which GitHub follows, as addresses."""
    return re.sub(r"\]\(\.\./([^)\s]+)\)", rf"]({REPOSITORY}\1)", text)


def prepare(items):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            chapter["content"] = outward(chapter["content"])
            prepare(chapter["sub_items"])


class Page(html.parser.HTMLParser):
    """The ids and the links of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), []
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.ids.add(values["id"])
        if tag in ("a", "img") and (link := values.get("href") or values.get("src")):
            self.links.append(link)


def broken():
    """Links of the built site that lead nowhere; the page that mdBook makes for printing repeats all others."""
    names = sorted(name for name in os.listdir(BOOK) if name.endswith(".html") and name not in ("print.html", "404.html", "toc.html"))
    pages = {name: Page(os.path.join(BOOK, name)) for name in names}
    seen = 0
    for name, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            seen += 1
            target = urllib.parse.unquote(parts.path) or name
            if not os.path.exists(os.path.join(BOOK, target)):
                yield f"{name}: {link}: no such file in the site"
            elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
                yield f"{name}: {link}: no such heading"
    if seen < 100:
        yield f"only {seen} links were found in {len(pages)} pages"


def names():
    with open(os.path.join(ROOT, "docs/SUMMARY.md"), encoding="utf-8") as file:
        listed = re.findall(r"\]\(([\w.-]+\.md)\)", file.read())
    there = {name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".md")} - {"SUMMARY.md"}
    yield from (f"docs/{name}: not in docs/SUMMARY.md" for name in sorted(there - set(listed)))
    yield from (f"docs/SUMMARY.md: {name} is named, and there is no such page" for name in sorted(set(listed) - there))
    yield from (f"docs/SUMMARY.md: {name} is named twice" for name in sorted({n for n in listed if listed.count(n) > 1}))


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    if sys.argv[1:] in (["--check"], ["--names"]):
        wrong = list(names()) + (list(broken()) if sys.argv[1] == "--check" else [])
        print("\n".join(wrong) or "every page is listed, every link leads somewhere")
        sys.exit(1 if wrong else 0)
    if sys.stdin.isatty():
        sys.exit(__doc__)
    _context, book = json.load(sys.stdin)
    prepare(book.get("items") or book["sections"])
    json.dump(book, sys.stdout)


main()
