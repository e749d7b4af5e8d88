  const data = JSON.parse(document.getElementById("data").textContent);
  const text = data.strings;
  const remarks = data.remarks.map((row) => row.map((id) => text[id]));
  const order = new Intl.Collator("en", { numeric: true });
  const at = (id) => document.getElementById(id);
  const FIRST = 200, CHUNK = 400;

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    for (const child of children) element.append(child);
    return element;
  }

  // A field whose words filter a table.
  function searchBox(label, filter) {
    const search = make("input", "search");
    search.type = "search";
    search.placeholder = "Filter";
    search.setAttribute("aria-label", label);
    search.addEventListener("input", () => filter(search.value.toLowerCase().split(/\s+/).filter(Boolean)));
    return search;
  }

  // Text in which `backticks` mark code.
  function coded(element, words, copies = false) {
    words.split("`").forEach((part, index, all) => {
      if (index % 2 === 0 || index === all.length - 1) {
        if (part) breakable(element, index % 2 ? "`" + part : part);
        return;
      }
      element.append(breakable(make("code"), part));
      if (copies && /^[A-Za-z][\w=.\/-]* \S/.test(part)) element.append(copier(part));
    });
    return element;
  }

  // What to do: a command in it, which has several words, gets a button that copies it.
  function advice(element, words) {
    return coded(element, words, true);
  }

  function copier(command) {
    const button = make("button", "copy", "copy");
    button.type = "button";
    button.setAttribute("aria-label", "Copy the command " + command);
    button.addEventListener("click", () => {
      const say = (word) => {
        button.textContent = word;
        setTimeout(() => { button.textContent = "copy"; }, 1500);
      };
      const selected = () => {
        const range = document.createRange();
        range.selectNodeContents(button.previousSibling);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        say("selected");
      };
      navigator.clipboard ? navigator.clipboard.writeText(command).then(() => say("copied"), selected) : selected();
    });
    return button;
  }

  // Long names may break after a separator, and what is longer than any word, such as checksums, after some letters: no word breaks inside.
  const LONG_NAME = 16, LONG_WORD = 32;
  const SEPARATOR = String.raw`\/!@,=;:_+&?#|~%\\(){}\[\]<>"'\-`;
  // A version stays in one piece.
  const BREAKS = new RegExp(`(?<=[${SEPARATOR}])(?=[^\\s.${SEPARATOR}])|(?<=\\.)(?=[^\\s\\d.${SEPARATOR}])`);
  const isWord = (part) => part.length <= LONG_WORD && !/^[0-9a-f]{20,}$/.test(part);
  function breakable(element, words) {
    let plain = "";
    for (let token of words.split(/(?<=\s)/)) {
      // The name of an option stays in one piece.
      const option = /^-{1,2}[A-Za-z][\w-]{0,24}/.exec(token);
      if (option) {
        element.append(plain, make("span", "whole", option[0]));
        plain = "";
        token = token.slice(option[0].length);
      }
      if (token.length <= LONG_NAME && !token.includes("/")) { plain += token; continue; }
      for (const part of token.split(BREAKS)) {
        for (const piece of isWord(part) ? [part] : part.match(/.{1,16}/gsu)) {
          element.append(plain + piece, document.createElement("wbr"));
          plain = "";
        }
      }
      element.lastChild.remove();
    }
    if (plain) element.append(plain);
    return element;
  }

  function size(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit++; }
    return (unit ? bytes.toFixed(1) : String(bytes)) + " " + units[unit];
  }

  // Tiles, charts, tables.

  function clickable(filter, className, ...children) {
    const element = make(filter ? "button" : "div", className, ...children);
    if (filter) {
      element.type = "button";
      element.addEventListener("click", () => { setFilter(filter); at("binaries").scrollIntoView(); at("filter").focus({ preventScroll: true }); });
    }
    return element;
  }

  function drawTile(tile) {
    const value = make("b", tile.tone === "plain" ? "" : tile.tone, tile.value);
    return clickable(tile.filter, "tile", value, make("span", "", tile.label));
  }

  // A chart of one bar is a sentence.
  function drawChart(chart) {
    if (chart.bars.length === 1) {
      const [bar] = chart.bars;
      return make("div", "chart sentence", make("h2", "", chart.title), make("p", "", breakable(clickable(bar.filter, "only " + bar.tone), bar.label + ": " + bar.text)));
    }
    const most = Math.max(1, ...chart.bars.map((bar) => bar.value));
    const bars = make("div", "bars");
    for (const bar of chart.bars) {
      const fill = make("span", "fill");
      fill.style.setProperty("--share", bar.value / most);
      const name = breakable(make("span", "name"), bar.label);
      const track = make("span", "track", fill, breakable(make("span", "value"), bar.text));
      bars.append(clickable(bar.filter, "bar " + bar.tone, name, track));
    }
    return make("div", "chart", make("h2", "", chart.title), bars);
  }

  // Column headings that sort; `sort(index, descending)` does the work.
  function heads(columns, sort) {
    const row = make("tr");
    columns.forEach((column, index) => {
      const button = make("button", "", column);
      button.type = "button";
      const head = make("th", "", button);
      head.scope = "col";
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of row.children) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(index, descending);
      });
      row.append(head);
    });
    return row;
  }
