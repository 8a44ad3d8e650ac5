// What every page does: live updates, copy buttons, the theme. Without this script all that is shown stays, and links and forms work.
(function () {
  'use strict';

  // ---- copy: <button data-copy="text"> or <button data-copy-from="URL">.
  async function copied(button) {
    if (button.dataset.copyFrom) {
      const answer = await fetch(button.dataset.copyFrom, { credentials: 'same-origin' });
      if (!answer.ok) throw new Error(/html/.test(answer.headers.get('Content-Type')) ? String(answer.status) : (await answer.text()).trim() || String(answer.status));
      return answer.text();
    }
    return button.dataset.copy;
  }

  // say tells people, those who listen included, what happened.
  function say(text) {
    const place = document.getElementById('said');
    if (place) place.textContent = text;
  }

  function put(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement('textarea'); // over plain http beyond this machine there is no clipboard
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error('the browser does not let this page copy'));
  }

  const labels = new WeakMap(); // of buttons that say something else for a moment
  document.addEventListener('click', async function (event) {
    const button = event.target.closest('[data-copy], [data-copy-from]');
    if (!button) return;
    const label = labels.get(button) || button.textContent;
    labels.set(button, label);
    try {
      await put(await copied(button));
      button.textContent = 'copied';
      say(label + ': copied');
    } catch (error) {
      button.textContent = 'not copied';
      say(label + ': not copied: ' + error.message);
    }
    setTimeout(function () { button.textContent = label; labels.delete(button); }, 1500);
  });

  // ---- theme: as the system has it, or as the reader chose.
  const themes = ['system', 'light', 'dark'];
  function theme(name) {
    if (name === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    const button = document.getElementById('theme');
    if (button) button.textContent = 'theme: ' + name;
  }
  let chosen = 'system';
  try { chosen = localStorage.getItem('harness-theme') || 'system'; } catch (e) { /* a page from a file may have no storage */ }
  if (!themes.includes(chosen)) chosen = 'system';
  theme(chosen);
  const themeButton = document.getElementById('theme');
  if (themeButton) {
    themeButton.hidden = false;
    themeButton.addEventListener('click', function () {
      chosen = themes[(themes.indexOf(chosen) + 1) % themes.length];
      try { localStorage.setItem('harness-theme', chosen); } catch (e) { /* it is forgotten then */ }
      theme(chosen);
      document.dispatchEvent(new CustomEvent('harness:theme'));
    });
  }

  // ---- live: elements with data-live="NAME" are brought up to date from the same address when the server says that something changed.
  // patch makes old like fresh and keeps what the reader did: open disclosures, focus, selections, what is typed into a form.
  function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
    if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
    if (old.hasAttribute('data-keep')) return; // a script has made it
    for (const name of old.getAttributeNames()) {
      if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
    }
    for (const name of fresh.getAttributeNames()) {
      if (!(name === 'open' && old.nodeName === 'DETAILS') && old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
    }
    if (old === document.activeElement && /^(INPUT|TEXTAREA|SELECT)$/.test(old.nodeName)) return;
    const keyed = new Map(), wanted = new Set();
    for (const child of old.children) if (child.id) keyed.set(child.id, child);
    for (const child of fresh.children) if (child.id) wanted.add(child.id);
    for (const [id, child] of keyed) if (!wanted.has(id)) child.remove();
    let at = old.firstChild;
    for (const next of Array.from(fresh.childNodes)) {
      const own = next.id ? keyed.get(next.id) : alike(at, next, wanted);
      if (!own) { old.insertBefore(next, at); continue; }
      if (next.id && own !== at) moved(own, function () { old.insertBefore(own, at); });
      else {
        while (at !== own) { const after = at.nextSibling; at.remove(); at = after; }
        at = own.nextSibling;
      }
      patch(own, next);
    }
    while (at) { const after = at.nextSibling; at.remove(); at = after; }
  }

  // alike is the node, from at on, that next brings up to date: the first of its kind that is near. What is passed over goes, so that
  // nothing is passed over that has a place further on, or in which the reader is.
  function alike(at, next, wanted) {
    for (let near = 0; at && near < 12; near++, at = at.nextSibling) {
      if (at.id && wanted.has(at.id)) return null;
      if (!at.id && at.nodeType === next.nodeType && at.nodeName === next.nodeName) return at;
      if (at.contains(document.activeElement)) return null;
    }
    return null;
  }

  // moved calls move, which takes a node out of the page for a moment, and gives back the focus that is lost thereby.
  function moved(node, move) {
    const focus = node.contains(document.activeElement) ? document.activeElement : null;
    move();
    if (focus) focus.focus({ preventScroll: true });
  }

  let pending = false, asked = false;
  async function refresh() {
    if (pending) { asked = true; return; }
    if (document.hidden) { asked = true; return; }
    pending = true;
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin', headers: { 'X-Harness-Live': '1' } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const part of document.querySelectorAll('[data-live]')) {
          const next = fresh.querySelector('[data-live="' + CSS.escape(part.dataset.live) + '"]');
          if (next) patch(part, document.adoptNode(next));
        }
        document.dispatchEvent(new CustomEvent('harness:update'));
      }
    } catch (e) { /* the connection tells of itself below */ }
    setTimeout(function () { pending = false; if (asked) { asked = false; refresh(); } }, 1500);
  }
  document.addEventListener('visibilitychange', function () { if (!document.hidden && asked) { asked = false; refresh(); } });

  // A page that nobody sees is not connected: a browser has six connections to a server, for all its tabs together.
  const live = document.getElementById('live');
  if (live && live.dataset.events && window.EventSource) {
    let version = live.dataset.version;
    let source = null;
    const connect = function () {
      source = new EventSource(live.dataset.events);
      source.onopen = function () { live.textContent = 'live'; };
      source.onerror = function () { live.textContent = 'not connected'; };
      source.addEventListener('change', function (event) {
        if (event.data === version) return;
        version = event.data;
        refresh();
      });
    };
    document.addEventListener('visibilitychange', function () {
      if (document.hidden && source) { source.close(); source = null; }
      if (!document.hidden && !source) connect(); // what has changed meanwhile is told first
    });
    if (!document.hidden) connect();
  }

  window.harness = { say: say, refresh: refresh };
})();
