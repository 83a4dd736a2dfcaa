// The list of all tuples: searched, filtered and looked at, from the data blocks that `browse.py` wrote.
{
  const ROW = 52; // The height of a row in style.css, in px.
  const BEYOND = 6; // Rows kept ready above and below what is seen.
  const LABELS = {
    class: "Class", code: "Code", crate: "Crate", origin: "Origin", operator: "Operator", difficulty: "Difficulty",
    tool: "Tool", tests: "Tests", coverage: "Coverage", proven: "Proven",
  };
  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  async function unpack(block) {
    const packed = atob(block.textContent);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function browse(data) {
    const list = byId("tuple-list"), sizer = list.firstElementChild, query = byId("tuple-query");
    const detail = byId("tuple-detail"), status = byId("tuple-count"), clear = byId("tuple-clear");
    const count = data.line.length;
    const names = Object.keys(LABELS).filter((name) => data.facets[name]);
    const columns = names.map((name) => Uint32Array.from(data.facets[name].at));
    const values = names.map((name) => data.facets[name].values);
    const texts = ["code", "crate", "class", "origin", "operator"].map((name) => data.facets[name]);
    const searched = [...texts, data.texts.file, data.texts.message].map((column) => ({
      words: column.values.map((value) => value.toLowerCase()),
      at: Uint32Array.from(column.at),
    }));
    const held = new Int32Array(count).fill(-1);
    data.details.forEach((row, place) => { held[row] = place; });
    const chosen = names.map(() => new Set());
    const idOf = (row) => data.ids.substr(row * data.id_length, data.id_length);
    const valueOf = (name, row) => data.facets[name].values[data.facets[name].at[row]];
    const textOf = (name, row) => data.texts[name].values[data.texts[name].at[row]];

    let shown = new Uint32Array(count), length = 0, active = -1, opened = -1;

    // Rows that hold every word, each in one column or as the beginning of the id; null where no word is asked for.
    function matching(words) {
      if (!words.length) return null;
      const good = new Uint8Array(count).fill(1);
      for (const word of words) {
        const hits = searched.map((column) => {
          const found = new Uint8Array(column.words.length);
          for (let v = 0; v < found.length; v++) if (column.words[v].includes(word)) found[v] = 1;
          return found;
        });
        const isId = /^[0-9a-f]{4,32}$/.test(word);
        const start = word.slice(0, data.id_length);
        for (let row = 0; row < count; row++) {
          if (!good[row]) continue;
          let hit = isId && data.ids.startsWith(start, row * data.id_length);
          for (let c = 0; !hit && c < hits.length; c++) hit = hits[c][searched[c].at[row]] === 1;
          if (!hit) good[row] = 0;
        }
      }
      return good;
    }

    // What the words and facets let through; a facet's own counts leave its own choice out.
    function filter() {
      const good = matching(query.value.toLowerCase().split(/\s+/).filter(Boolean));
      const counts = values.map((known) => new Uint32Array(known.length));
      const allowed = chosen.map((set, f) => set.size ? Uint8Array.from(values[f], (_, v) => (set.has(v) ? 1 : 0)) : null);
      const limited = allowed.map((_, f) => f).filter((f) => allowed[f]);
      length = 0;
      for (let row = 0; row < count; row++) {
        if (good && !good[row]) continue;
        let failed = 0, last = -1;
        for (const f of limited) if (!allowed[f][columns[f][row]]) { failed++; last = f; if (failed > 1) break; }
        if (failed === 0) {
          shown[length++] = row;
          for (let f = 0; f < columns.length; f++) counts[f][columns[f][row]]++;
        } else if (failed === 1) counts[last][columns[last][row]]++;
      }
      facets.forEach((facet, f) => facet.tell(counts[f]));
      const all = length === count;
      status.textContent = `${number.format(length)}${all ? "" : ` of ${number.format(count)}`} tuple${count === 1 ? "" : "s"}`;
      clear.disabled = all && !query.value && !limited.length;
      active = opened >= 0 ? shown.subarray(0, length).indexOf(opened) : -1;
      list.scrollTop = active > 0 ? Math.max(active * ROW - list.clientHeight / 2, 0) : 0;
      sizer.style.height = `${Math.max(length, 1) * ROW}px`;
      draw();
      remember();
    }

    function draw() {
      const first = Math.max(Math.floor(list.scrollTop / ROW) - BEYOND, 0);
      const last = Math.min(Math.ceil((list.scrollTop + list.clientHeight) / ROW) + BEYOND, length);
      const rows = [];
      for (let at = first; at < last; at++) rows.push(option(at));
      if (!length) rows.push(make("p", "none", "No tuple is like that. Escape takes the search back."));
      sizer.replaceChildren(...rows);
      if (active >= first && active < last) list.setAttribute("aria-activedescendant", `tuple-${active}`);
      else list.removeAttribute("aria-activedescendant");
    }

    function option(at) {
      const row = shown[at], node = make("div", "row");
      node.id = `tuple-${at}`;
      node.setAttribute("role", "option");
      node.setAttribute("aria-setsize", length);
      node.setAttribute("aria-posinset", at + 1);
      node.setAttribute("aria-selected", at === active);
      node.style.top = `${at * ROW}px`;
      node.dataset.at = at;
      node.append(
        make("span", "crate", valueOf("code", row)),
        make("span", "where", `${valueOf("crate", row)} · ${textOf("file", row)}:${data.line[row]}`),
        make("span", "says", textOf("message", row)),
      );
      return node;
    }

    function go(at) {
      if (!length) return;
      active = Math.min(Math.max(at, 0), length - 1);
      const top = active * ROW;
      if (top < list.scrollTop) list.scrollTop = top;
      else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
      draw();
      open(shown[active]);
    }

    async function open(row) {
      opened = row;
      const place = held[row];
      const parts = place < 0 ? null : await part(Math.floor(place / data.part));
      // Another may have been chosen meanwhile.
      if (opened === row) show(row, parts && parts[place % data.part]);
    }

    const parts = new Map();
    function part(n) {
      if (!parts.has(n)) parts.set(n, unpack(byId(`tuple-part-${n}`)));
      return parts.get(n);
    }

    function show(row, held) {
      const head = make("header"), title = make("h3"), badges = make("p", "badges");
      title.append(make("span", "crate", valueOf("code", row)), " ");
      title.append(make("span", "where", `${valueOf("crate", row)} · ${textOf("file", row)}:${data.line[row]}`));
      const proven = valueOf("proven", row);
      const said = [
        valueOf("class", row), `difficulty ${valueOf("difficulty", row)} of 5`, valueOf("origin", row),
        `proven ${proven === "batch" ? "in a shared run" : proven}`, valueOf("tests", row), valueOf("coverage", row),
      ];
      const operator = valueOf("operator", row);
      if (operator !== "none") said.splice(3, 0, operator.replaceAll("_", " "));
      badges.append(...said.map((text) => make("span", "badge", text)));
      head.append(title, badges);
      const id = idOf(row).trim(), nodes = [head];
      if (held) nodes.push(code("diagnostic", held[0]), code("diff", hunks(held[1])));
      else nodes.push(make("p", "says", textOf("message", row)));
      const foot = make("p", "footer");
      if (held) foot.append(make("code", "", held[2]));
      for (const command of ["show", "reproduce"]) foot.append(make("code", "", `oxidizer ${command} ${data.run} ${id}`));
      if (!held) nodes.push(make("p", "note", "This page has no room for its diagnostic and its diff; the first command shows them."));
      detail.replaceChildren(...nodes, foot);
    }

    const KINDS = [
      [/^(error|warning)/, "message"], [/^\s*(-->|:::)/, "place"], [/^\s*\|.*[\^]/, "caret"], [/^\s*(= )?(note|help)\b/, "remark"],
    ];
    const SIGNS = { "+": "added", "-": "removed", "@": "hunk" };
    function code(kind, text) {
      const block = make("div", `code ${kind}`), pre = make("pre");
      block.tabIndex = 0;
      for (const line of text.replace(/\n+$/, "").split("\n")) {
        const known = kind === "diff" ? SIGNS[line[0]] : (KINDS.find(([words]) => words.test(line)) ?? [])[1];
        const node = make("span", known ? `line of-${known}` : "line");
        // Of a changed line only the sign is ours to colour.
        const marked = known === "added" || known === "removed" ? 1 : known ? line.length : 0;
        if (marked) node.append(make("span", `t-${known}`, line.slice(0, marked)));
        node.append(line.slice(marked));
        pre.append(node);
      }
      block.append(pre);
      return block;
    }
    // Of a patch of one file, what follows the lines that name it.
    const hunks = (patch) => (patch.indexOf("\ndiff --git ") < 0 ? patch.slice(Math.max(patch.indexOf("@@"), 0)) : patch);

    // A facet is a list of values with one stop of the tab key: arrows go through it, space chooses.
    function facet(name, f) {
      const box = make("div", "facet"), title = make("h3", "", LABELS[name]), choices = make("ul");
      title.id = `facet-${name}`;
      choices.tabIndex = 0;
      choices.setAttribute("role", "listbox");
      choices.setAttribute("aria-multiselectable", "true");
      choices.setAttribute("aria-labelledby", title.id);
      const counts = [], items = values[f].map((value, v) => {
        const item = make("li"), amount = make("b");
        item.id = `facet-${name}-${v}`;
        item.setAttribute("role", "option");
        item.dataset.value = v;
        item.append(make("span", "", name === "operator" ? value.replaceAll("_", " ") : value), amount);
        item.title = value;
        counts.push(amount);
        return item;
      });
      choices.append(...items);
      box.append(title, choices);
      box.hidden = items.length < 2;
      let at = -1;
      const visible = () => items.filter((item) => !item.hidden);
      const point = (item) => {
        items[at]?.classList.remove("pointed");
        at = items.indexOf(item);
        item.classList.add("pointed");
        choices.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      };
      const toggle = (item) => {
        const v = Number(item.dataset.value);
        if (!chosen[f].delete(v)) chosen[f].add(v);
        filter();
      };
      choices.addEventListener("click", (event) => {
        const item = event.target.closest("li");
        if (item) { point(item); toggle(item); }
      });
      choices.addEventListener("focus", () => { if (at < 0 || items[at].hidden) { const [item] = visible(); if (item) point(item); } });
      choices.addEventListener("keydown", (event) => {
        const seen = visible(), now = seen.indexOf(items[at]);
        const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: seen.length - 1, PageDown: now + 7, PageUp: now - 7 }[event.key];
        if (to !== undefined && seen.length) point(seen[Math.min(Math.max(to, 0), seen.length - 1)]);
        else if ((event.key === " " || event.key === "Enter") && now >= 0) toggle(seen[now]);
        else return;
        event.preventDefault();
      });
      // What is told already is not touched: a browser lays out anew what it is told twice.
      const told = items.map(() => ["", ""]);
      const tell = (numbers) => {
        for (let v = 0; v < items.length; v++) {
          const isChosen = chosen[f].has(v), state = `${isChosen} ${!numbers[v] && !isChosen}`;
          if (told[v][0] !== state) {
            items[v].hidden = !numbers[v] && !isChosen;
            items[v].setAttribute("aria-selected", isChosen);
          }
          // The count of what is not seen may be an old one.
          if (numbers[v] && told[v][1] !== numbers[v]) counts[v].textContent = number.format(numbers[v]);
          else if (isChosen && !numbers[v]) counts[v].textContent = "0";
          told[v] = [state, numbers[v]];
        }
      };
      return { box, tell };
    }

    const facets = names.map(facet);
    byId("tuple-facets").append(...facets.map((one) => one.box));
    byId("tuple-filters").open = matchMedia("(min-width: 861px)").matches;

    function reset() {
      query.value = "";
      chosen.forEach((set) => set.clear());
      filter();
    }

    // The address keeps what is asked for: `#tuples?q=loop&code=E0382`; links in the page are such addresses.
    let later = 0;
    function remember() {
      clearTimeout(later);
      later = setTimeout(() => {
        const asked = new URLSearchParams();
        if (query.value) asked.set("q", query.value);
        chosen.forEach((set, f) => set.forEach((v) => asked.append(names[f], values[f][v])));
        const [there] = location.hash.split("?");
        if (String(asked) || there === "#tuples") history.replaceState(null, "", `#tuples${String(asked) ? `?${asked}` : ""}`);
      }, 400);
    }
    function recall() {
      const [there, asked] = location.hash.split("?");
      if (there !== "#tuples" || asked === undefined) return;
      const wanted = new URLSearchParams(asked);
      query.value = wanted.get("q") ?? "";
      names.forEach((name, f) => {
        chosen[f] = new Set(wanted.getAll(name).map((value) => values[f].indexOf(value)).filter((v) => v >= 0));
      });
      filter();
      byId("tuples").scrollIntoView();
      list.focus({ preventScroll: true });
    }

    query.addEventListener("input", filter);
    query.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      event.preventDefault();
      list.focus();
      if (active < 0) go(0);
    });
    clear.addEventListener("click", () => { reset(); query.focus(); });
    list.addEventListener("scroll", () => requestAnimationFrame(draw));
    list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) go(Number(row.dataset.at));
    });
    list.addEventListener("focus", () => { if (active < 0) go(0); });
    list.addEventListener("keydown", (event) => {
      const page = Math.max(Math.floor(list.clientHeight / ROW) - 1, 1);
      const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: length - 1 }[event.key];
      if (to !== undefined) go(to);
      else if (event.key === "Enter") detail.focus();
      else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (event.key === "/" && plain && event.target !== query) {
        event.preventDefault();
        query.focus();
        query.select();
      } else if (event.key === "Escape" && byId("tuples").contains(event.target)) {
        event.preventDefault();
        if (detail.contains(event.target)) list.focus();
        else if (query.value && event.target === query) { query.value = ""; filter(); }
        else if (!clear.disabled) { reset(); query.focus(); }
        else event.target.blur();
      }
    });
    addEventListener("hashchange", recall);
    addEventListener("resize", draw);
    filter();
    recall();
  }

  const block = byId("tuple-columns");
  if (block) {
    unpack(block).then((data) => {
      byId("tuple-browser").hidden = false;
      browse(data);
      document.documentElement.dataset.tuples = "ready";
    }).catch((error) => {
      byId("tuple-trouble").hidden = false;
      console.error(error);
    });
  }
}
