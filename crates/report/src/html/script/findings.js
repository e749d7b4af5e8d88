  // Findings, grouped: those of one rule about several programs are one row.

  const LEVEL = 0, RULE = 1, CODE = 2, MESSAGE = 3, HELP = 4, WAIVED = 5, EVIDENCE = 6, PLACE = 7;

  function counted(count, word) {
    return count + " " + word + (count === 1 ? "" : "s");
  }

  function groupsOf(entries) {
    const groups = new Map();
    for (const entry of entries) {
      const key = [LEVEL, RULE, WAIVED].map((part) => entry.remark[part]).join("\n");
      if (!groups.has(key)) groups.set(key, { key, remark: entry.remark, entries: [] });
      groups.get(key).entries.push(entry);
    }
    return [...groups.values()];
  }

  // The worst first, then what concerns most programs.
  function byWeight(groups) {
    return groups.sort((a, b) =>
      (a.remark[WAIVED] ? 1 : 0) - (b.remark[WAIVED] ? 1 : 0)
      || levels.indexOf(a.remark[LEVEL]) - levels.indexOf(b.remark[LEVEL])
      || b.entries.length - a.entries.length || order.compare(a.remark[RULE], b.remark[RULE]));
  }

  // Whether all findings of a group have the same text in a part.
  function isCommon(group, part) {
    return group.entries.every((entry) => entry.remark[part] === group.remark[part]);
  }

  function drawFindings(number) {
    const owner = [];
    binaries.forEach((binary, index) => binary.n.forEach((n) => { owner[n] = index; }));
    const entries = remarks.map((remark, n) => {
      const binary = owner[n] ?? null;
      return { remark, binary, place: remark[PLACE] || (binary === null ? "" : text[binaries[binary].t[PATH]]), words: null };
    });
    const columns = ["level", "finding", "what to do", "where"];
    const opened = new Set();
    const body = make("tbody");
    const all = make("button", "all");
    all.type = "button";
    let whole = false, wanted = [], compare = null;

    const placeOf = (entry) => {
      if (entry.binary === null) return breakable(make("span", "mono"), entry.place);
      const button = breakable(make("button", "open"), entry.place);
      button.type = "button";
      button.addEventListener("click", () => show(entry.binary));
      return button;
    };
    // In an opened group, findings with the same words are one item.
    const clusters = (group) => {
      if (isCommon(group, MESSAGE)) return group.entries.map((entry) => [entry]);
      const all = new Map();
      for (const entry of group.entries) {
        const key = entry.remark[MESSAGE] + "\n" + entry.remark[HELP];
        if (!all.has(key)) all.set(key, []);
        all.get(key).push(entry);
      }
      return [...all.values()].sort((a, b) => b.length - a.length);
    };
    const item = (group) => (cluster) => {
      const [{ remark }] = cluster;
      if (cluster.length === 1) return place(group, cluster[0]);
      const part = coded(make("li"), remark[MESSAGE]);
      if (remark[HELP] && !isCommon(group, HELP)) part.append(advice(make("div", "help"), remark[HELP]));
      const fold = make("details", "", make("summary", "", counted(cluster.length, "program")));
      fold.addEventListener("toggle", () => {
        if (fold.children.length === 1) fold.append(...briefly(cluster, (entry) => make("li", "", placeOf(entry))));
      });
      part.append(fold);
      return part;
    };
    const place = (group, entry) => {
      const item = make("li", "", placeOf(entry));
      if (!isCommon(group, MESSAGE)) item.append(coded(make("div"), entry.remark[MESSAGE]));
      if (entry.remark[EVIDENCE]) item.append(shortened(entry.remark[EVIDENCE]));
      if (entry.remark[HELP] && !isCommon(group, HELP)) item.append(advice(make("div", "help"), entry.remark[HELP]));
      return item;
    };
    const drawGroup = (group) => {
      const { remark } = group;
      const level = make("td", remark[WAIVED] ? "" : tones[remark[LEVEL]] ?? "", remark[LEVEL]);
      const finding = coded(make("td", "", ruleLink(remark), ": "), remark[MESSAGE]);
      const others = new Set(group.entries.map((entry) => entry.remark[MESSAGE])).size - 1;
      if (others) finding.append(make("span", "evidence", "and " + counted(others, "other message")));
      if (remark[WAIVED]) finding.append(" (waived: " + remark[WAIVED] + ")");
      const help = make("td"), where = make("td");
      advice(help, remark[HELP]);
      if (!isCommon(group, HELP)) help.append(make("span", "evidence", "for the first one; the others have their own"));
      const lines = [make("tr", "", level, finding, help, where)];
      if (group.entries.length === 1) {
        where.append(placeOf(group.entries[0]));
        if (remark[EVIDENCE]) finding.append(shortened(remark[EVIDENCE]));
      } else {
        const label = counted(group.entries.length, binaries.length ? "program" : "place");
        const button = opener(lines, label, columns.length, () => briefly(clusters(group), item(group)));
        if (opened.has(group.key)) button.click();
        button.addEventListener("click", () => { opened.delete(group.key) || opened.add(group.key); });
        where.append(button);
      }
      columns.forEach((column, index) => { lines[0].children[index].dataset.label = column; });
      return lines;
    };
    const matches = (entry) => {
      entry.words ??= [...entry.remark, entry.place].join("\n").toLowerCase();
      return wanted.every((word) => entry.words.includes(word));
    };
    const fill = () => {
      const groups = byWeight(groupsOf(wanted.length ? entries.filter(matches) : entries));
      if (compare) groups.sort(compare);
      const part = whole || groups.length <= BRIEF * 2 ? groups : groups.slice(0, BRIEF);
      body.replaceChildren(...part.flatMap(drawGroup));
      all.hidden = part.length === groups.length;
      all.textContent = "Show all " + groups.length;
    };
    const titles = heads(columns, (index, descending) => {
      const values = [(g) => String(levels.indexOf(g.remark[LEVEL])), (g) => g.remark[RULE] + g.remark[MESSAGE], (g) => g.remark[HELP], (g) => String(g.entries.length)];
      compare = (a, b) => order.compare(values[index](a), values[index](b)) * (descending ? -1 : 1);
      fill();
    });
    ["6rem", "auto", "32%", "24%"].forEach((width, index) => { titles.children[index].style.width = width; });
    const section = make("section", "", make("h2", "", "Findings (" + entries.length + ")"));
    section.id = "t" + number;
    if (entries.length > 10) {
      section.append(searchBox("Filter Findings", (words) => { wanted = words; fill(); }));
    }
    const open = () => { whole = true; fill(); };
    all.addEventListener("click", open);
    addEventListener("beforeprint", open);
    fill();
    section.append(make("div", "scroll", make("table", "fixed", make("thead", "", titles), body)), all);
    return section;
  }

  // The texts of the rules, as `gospect explain` prints them.

  function ruleLink(remark) {
    if (!Object.hasOwn(data.rules, remark[RULE])) return make("span", "rule", remark[RULE]);
    const link = make("a", "rule", remark[RULE]);
    link.href = "#rule-" + remark[RULE];
    if (remark[CODE]) link.title = remark[CODE];
    link.addEventListener("click", () => { at("rule-" + remark[RULE]).open = true; });
    return link;
  }

  function ruleText(markdown) {
    const box = make("div", "sheet");
    let list = null, code = null;
    for (const line of markdown.split("\n").slice(1)) {
      if (line.startsWith("```")) {
        if (code) {
          box.append(copier(code.textContent.trim()));
          code = null;
          continue;
        }
        code = make("pre");
        box.append(code);
      } else if (code) {
        code.append(line + "\n");
      } else if (/^#+ /.test(line)) {
        box.append(make("h3", "", line.replace(/^#+ /, "")));
      } else if (line.startsWith("- ")) {
        if (!list) box.append(list = make("ul"));
        list.append(coded(make("li"), line.slice(2)));
        continue;
      } else if (line.trim()) {
        box.append(coded(make("p"), line));
      }
      list = null;
    }
    return box;
  }

  function drawRules() {
    const section = make("section", "", make("h2", "", "Rules"));
    section.id = "rules";
    for (const [id, markdown] of Object.entries(data.rules)) {
      const rule = make("details", "", make("summary", "", id), ruleText(markdown));
      rule.id = "rule-" + id;
      section.append(rule);
    }
    return section;
  }
