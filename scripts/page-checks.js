// What is wrong with how a page lies on the screen, and the facts of its layout. page_checks.py runs this in the page.
const pageChecks = (() => {
  const MOST = 20000; // pieces of text to look at
  const WORDS = "error warning note program package module function file release".split(" ");
  const PLURALS = new RegExp(`(?<![\\d.,:])(?:1 (?:${WORDS.join("s|")}s)|(?:[02-9]|\\d\\d+) (?:${WORDS.join("|")}))\\b(?![-:./])`, "g");
  const LONG = 32; // letters; a longer word, such as a checksum, may break

  function pieces() {
    const all = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; all.length < MOST && (node = walker.nextNode());) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("script, style, noscript, .skip") || !element.checkVisibility()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5 && box.height > 0.5);
      if (boxes.length) all.push({ node, element, range, boxes, words: node.data.trim().slice(0, 40) });
    }
    return all;
  }

  // Texts that lie over each other.
  function overlaps(all) {
    const boxes = all.flatMap((piece) => piece.boxes.map((box) => ({ box, words: piece.words }))).sort((a, b) => a.box.top - b.box.top);
    const found = [];
    boxes.forEach(({ box: a, words }, index) => {
      for (let next = index + 1; next < boxes.length && boxes[next].box.top < a.bottom - 2; next++) {
        const b = boxes[next].box;
        const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        if (width > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4) found.push(words + " / " + boxes[next].words);
      }
    });
    return found;
  }

  // Texts that reach beyond the cell, card, panel or area that holds them.
  function beyond(all) {
    return all.filter(({ element, boxes }) => {
      const holder = element.closest(".area, .part, .bar, td, th, .tile, .chart, li, dd");
      if (!holder) return false;
      const edge = holder.getBoundingClientRect();
      return boxes.some((box) => box.right > edge.right + 1 || box.left < edge.left - 1 || box.bottom > edge.bottom + 1.5 || box.top < edge.top - 1.5);
    }).map((piece) => piece.words);
  }

  // Words that break inside.
  function broken(all) {
    const lines = (range) => new Set([...range.getClientRects()].filter((box) => box.width > 0.5).map((box) => Math.round(box.top))).size;
    const found = [];
    for (const { node, range } of all.filter((piece) => piece.boxes.length > 1)) {
      for (const word of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        if (word[0].length > LONG) continue;
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (lines(range) > 1) found.push(word[0]);
      }
    }
    return found;
  }

  const visible = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());

  function name(element) {
    return element.tagName.toLowerCase() + (element.id ? "#" + element.id : "") + (element.className ? "." + element.className : "") + " " + element.textContent.trim().slice(0, 40);
  }

  function measure() {
    const all = pieces();
    const boxes = visible("header *, main *").filter((element) => element.clientWidth > 0);
    const wide = (element) => element.scrollWidth > element.clientWidth + 1;
    const flows = (element, ...kinds) => kinds.includes(getComputedStyle(element).overflowX);
    const main = document.querySelector("main").innerText;
    const page = document.documentElement;
    return {
      "text over text": overlaps(all),
      "text beyond its box": beyond(all),
      "words broken inside": broken(all),
      "content cut off": boxes.filter((element) => flows(element, "hidden", "clip") && (wide(element) || element.scrollHeight > element.clientHeight + 1)).map(name),
      "sideways scrolling": [...boxes.filter((element) => flows(element, "auto", "scroll") && wide(element)).map(name), ...(page.scrollWidth > innerWidth ? ["the page"] : [])],
      "raw backticks": [...main.matchAll(/.{0,30}`.{0,30}/g)].map((match) => match[0]),
      "wrong plurals": [main, ...visible(".tile").map((tile) => [...tile.children].map((part) => part.textContent).join(" "))].flatMap((text) => text.match(PLURALS) ?? []),
      "empty panels": visible(".tile, .chart, #tables section, #tables tbody").filter((element) => !element.textContent.trim()).map(name),
    };
  }

  // How many boxes stand beside each other in the first line.
  function across(selector) {
    const boxes = visible(selector).map((element) => element.getBoundingClientRect());
    return boxes.filter((box) => Math.abs(box.top - boxes[0].top) < 2).length;
  }

  // What stands where, without sizes: one line for each part of the page.
  function facts() {
    const lines = [];
    const list = (elements) => elements.map((element) => element.textContent.trim()).join(", ");
    if (visible("#nav a").length) lines.push("links: " + list(visible("#nav a")));
    if (visible(".tile").length) lines.push("figures, " + across(".tile") + " in a line: " + list(visible(".tile span")));
    if (visible(".chart").length) lines.push("charts, " + across(".chart") + " in a line: " + visible(".chart").map((chart) => chart.querySelector("h2").textContent + (chart.matches(".sentence") ? " (a sentence)" : "")).join(", "));
    for (const section of visible("#tables > section, #packages, #binaries, #rules")) {
      if (!section.querySelector("h2")) continue;
      const title = section.querySelector("h2").textContent.replace(/ \(\d+\)$/, "");
      if (section.id === "rules") { lines.push(title + ": texts of rules"); continue; }
      for (const map of section.querySelectorAll(".program[open] .areas")) {
        if (map.checkVisibility()) lines.push(title + ": " + (map.querySelectorAll(".area").length ? "areas" : "no areas") + (map.querySelector(".name") ? " with names" : ""));
      }
      for (const table of section.querySelectorAll("table")) {
        const row = table.tBodies[0]?.rows[0];
        if (!row || !table.checkVisibility() || table.closest(".detail")) continue;
        const isCards = getComputedStyle(row).display === "block";
        const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent);
        const shown = isCards ? [...row.cells].filter((cell) => cell.checkVisibility()).map((cell) => cell.dataset.label) : heads;
        lines.push(title + ": " + (isCards ? "cards" : "table") + " of " + shown.join(", "));
      }
    }
    return [...new Set(lines)];
  }

  return { measure, facts };
})();
