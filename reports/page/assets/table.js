// Tables of results: what stands behind a number beside it, cells by the arrow keys, heads that sort without a new page, forms that leave
// out what is empty. Without this script the titles of cells, the links of heads and the forms do the same.
(function () {
  'use strict';

  // ---- what stands behind a number: the title of its cell, shown while the pointer or the focus is on it.
  let shown = null, box = null;

  function textOf(cell) { return cell.dataset.why || cell.getAttribute('title') || ''; }

  function show(cell) {
    if (shown === cell) return;
    hide();
    const text = textOf(cell);
    if (!text) return;
    if (cell.hasAttribute('title')) { // else the browser shows it, too
      cell.dataset.why = text;
      cell.removeAttribute('title');
    }
    box = document.createElement('div');
    box.className = 'why';
    box.id = 'why';
    box.setAttribute('role', 'tooltip');
    box.textContent = text;
    document.body.append(box);
    cell.setAttribute('aria-describedby', 'why');
    shown = cell;
    const at = cell.getBoundingClientRect(), size = box.getBoundingClientRect();
    const below = at.bottom + size.height + 4 <= innerHeight || at.top < size.height + 4;
    box.style.top = Math.max(4, below ? at.bottom + 2 : at.top - size.height - 2) + 'px';
    box.style.left = Math.max(4, Math.min(at.left, innerWidth - size.width - 8)) + 'px';
  }

  function hide() {
    if (!shown) return;
    shown.removeAttribute('aria-describedby');
    box.remove();
    shown = box = null;
  }

  const inTable = function (target) { return target instanceof Element ? target.closest('table.results tbody td') : null; };
  document.addEventListener('pointerover', function (event) {
    const cell = inTable(event.target);
    if (cell) show(cell);
    else if (shown && shown !== document.activeElement && !(event.target instanceof Element && event.target.closest('#why'))) hide();
  });
  document.addEventListener('focusin', function (event) {
    const cell = inTable(event.target);
    if (cell) show(cell); else hide();
  });
  document.addEventListener('scroll', hide, { capture: true, passive: true });
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape') hide(); });

  // ---- cells by the arrow keys: one cell of a table can be reached with Tab, the others from it.
  function reachable(table) {
    if (table.querySelector('tbody td[tabindex="0"]')) return;
    const first = table.querySelector('tbody td.num');
    if (first) first.tabIndex = 0;
  }

  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.addEventListener('keydown', function (event) {
    const cell = inTable(event.target), move = moves[event.key];
    if (!cell || cell !== event.target || !move || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = Array.from(cell.closest('table').querySelectorAll('tbody tr')).filter(function (row) { return row.querySelector('td'); });
    const row = rows.indexOf(cell.parentElement), fromEnd = cell.parentElement.cells.length - cell.cellIndex;
    const next = rows[row + move[0]];
    if (!next) return;
    const to = next.cells[next.cells.length - fromEnd + move[1]]; // from the right: names may stand over several columns
    if (!to || to.nodeName !== 'TD') return;
    event.preventDefault();
    cell.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
    to.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });

  // ---- heads and pages without a new page: only the table is taken from the answer.
  async function go(url, push) {
    const place = document.querySelector('[data-live="table"]');
    if (!place) { location.assign(url); return; }
    place.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(url, { credentials: 'same-origin' });
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const parts = ['[data-live="table"]', '#table .files', '#layout'].map(function (name) { return [document.querySelector(name), fresh.querySelector(name)]; });
      if (!answer.ok || !parts[0][1]) { location.assign(url); return; }
      const scroll = place.querySelector('.scroll'), left = scroll ? scroll.scrollLeft : 0;
      for (const pair of parts) if (pair[0] && pair[1]) pair[0].replaceWith(document.adoptNode(pair[1]));
      if (push) history.pushState({}, '', url);
      const again = document.querySelector('[data-live="table"] .scroll');
      if (again) again.scrollLeft = left;
      document.dispatchEvent(new CustomEvent('harness:update'));
    } catch (error) {
      location.assign(url);
    }
  }
  document.addEventListener('click', async function (event) {
    const link = event.target instanceof Element && event.target.closest('table.results thead a, [data-live="table"] nav.pages a');
    if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const cell = link.closest('th'), at = cell ? cell.cellIndex : -1;
    await go(link.href, true);
    if (at < 0) return;
    const row = document.querySelector('[data-live="table"] thead tr:last-child');
    const head = row && row.cells[at];
    if (!head) return;
    const same = head.querySelector('a');
    if (same) same.focus();
    if (window.harness) window.harness.say(head.textContent.trim() + ': ' + (head.getAttribute('aria-sort') || 'as the experiment has it'));
  });
  window.addEventListener('popstate', function () { if (document.querySelector('table.results')) go(location.href, false); });

  // ---- forms: what is empty, and what is as the experiment has it, is no part of the address.
  document.addEventListener('submit', function (event) {
    const form = event.target;
    if (!form.matches('form[data-tidy]')) return;
    const left = Array.from(form.elements).filter(function (e) { return e.name && e.value === '' && !e.disabled; });
    for (const name of ['metrics', 'show']) {
      const fields = Array.from(form.elements).filter(function (e) { return e.name === name; });
      const untouched = fields.every(function (e) {
        return e.options ? Array.from(e.options).every(function (o) { return o.selected === o.defaultSelected; }) : e.checked === e.defaultChecked;
      });
      if (untouched && !new URLSearchParams(location.search).has(name)) left.push.apply(left, fields);
    }
    left.forEach(function (e) { e.disabled = true; });
    setTimeout(function () { left.forEach(function (e) { e.disabled = false; }); }, 0);
  });

  // ---- a key for the search field.
  document.addEventListener('keydown', function (event) {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.nodeName)) return;
    const field = document.querySelector('[data-key="/"]');
    if (field) { event.preventDefault(); field.focus(); }
  });

  // ---- what is still being computed is asked for again.
  let asked = 0;
  function renew() {
    document.querySelectorAll('table.results').forEach(reachable);
    if (shown && !shown.isConnected) { box.remove(); shown = box = null; }
    if (document.querySelector('[data-pending]') && window.harness && window.harness.refresh && asked++ < 20) setTimeout(window.harness.refresh, 1000);
  }
  document.addEventListener('harness:update', renew);
  renew();
})();
