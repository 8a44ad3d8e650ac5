// The page of test samples: keys, switching boxes, and images that come when the data set is open. Without this script the links and the
// form do the same.
(function () {
  'use strict';
  const list = document.querySelector('[data-samples]');
  if (!list) return;

  // ---- boxes: switched for the whole page, and remembered.
  const switches = document.querySelector('[data-samples-boxes]');
  function kept(name) {
    try { return localStorage.getItem('harness-boxes-' + name) !== 'off'; } catch (e) { return true; }
  }
  function show(name, on) {
    document.body.classList.toggle('hide-' + name, !on);
    try { localStorage.setItem('harness-boxes-' + name, on ? 'on' : 'off'); } catch (e) { /* it is forgotten then */ }
  }
  function offer() {
    if (!switches || !switches.hidden || !list.querySelector('.boxes')) return;
    switches.hidden = false;
    for (const box of switches.querySelectorAll('[data-boxes]')) {
      box.checked = kept(box.dataset.boxes);
      show(box.dataset.boxes, box.checked);
      box.addEventListener('change', function () { show(box.dataset.boxes, box.checked); });
    }
  }
  offer();
  function switchBoxes() {
    if (!switches || switches.hidden) return;
    const all = Array.from(switches.querySelectorAll('[data-boxes]'));
    const on = !all.some(function (box) { return box.checked; });
    for (const box of all) { box.checked = on; show(box.dataset.boxes, on); }
    window.harness.say(on ? 'boxes are shown' : 'boxes are hidden');
  }

  // ---- the form: what nobody filled in does not stand in the address, and a choice is taken at once.
  const form = document.querySelector('[data-samples-form]');
  if (form) {
    form.addEventListener('submit', function () {
      for (const field of form.elements) if (field.name && field.value === '') field.disabled = true;
      setTimeout(function () { for (const field of form.elements) field.disabled = false; }, 0);
    });
  }

  // ---- keys.
  function samples() { return Array.from(list.querySelectorAll('.sample')); }
  function current(all) {
    const at = document.activeElement && document.activeElement.closest('.sample');
    return at ? all.indexOf(at) : -1;
  }
  function go(step) {
    const all = samples();
    const at = current(all) + step;
    if (at >= 0 && at < all.length) {
      all[at].focus();
      all[at].scrollIntoView({ block: 'start' });
      history.replaceState(null, '', '#' + encodeURIComponent(all[at].id));
    } else if (at >= all.length) turn('next');
    else if (all.length) turn('prev');
  }
  function turn(where) {
    const link = document.querySelector('.turn a[rel="' + where + '"]');
    if (link) location.href = link.href;
  }
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.nodeName)) return;
    switch (event.key) {
      case 'j': case 'ArrowDown':
        if (event.key === 'ArrowDown' && !event.target.closest('.sample')) return; // the page scrolls
        go(1); break;
      case 'k': case 'ArrowUp':
        if (event.key === 'ArrowUp' && !event.target.closest('.sample')) return;
        go(-1); break;
      case 'n': turn('next'); break;
      case 'p': turn('prev'); break;
      case 'b': switchBoxes(); break;
      case '/': if (form) form.elements.q.focus(); break;
      default: return;
    }
    event.preventDefault();
  });

  // ---- a link to one sample leads to it.
  const wanted = new URLSearchParams(location.search).get('id') || decodeURIComponent(location.hash.slice(1));
  if (wanted) {
    const at = document.getElementById(wanted);
    if (at && at.classList.contains('sample')) { at.focus(); at.scrollIntoView({ block: 'start' }); }
  }

  // ---- images that were not there yet: the samples are taken again, without moving the reader.
  async function again(pause) {
    const note = document.querySelector('[data-samples-opening]');
    if (!note) return;
    await new Promise(function (done) { setTimeout(done, pause); });
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const samples = fresh.querySelector('[data-samples]');
      if (!answer.ok || !samples) return;
      if (!fresh.querySelector('[data-samples-opening]')) {
        const focused = document.activeElement && document.activeElement.closest('.sample');
        list.replaceChildren(...document.adoptNode(samples).childNodes);
        const why = fresh.querySelector('[data-samples-none]');
        note.textContent = why ? why.textContent : 'The images are here.';
        note.removeAttribute('data-samples-opening');
        if (focused) { const at = document.getElementById(focused.id); if (at) at.focus({ preventScroll: true }); }
        offer();
        return;
      }
    } catch (e) { /* the server is away: it is asked again */ }
    again(Math.min(2 * pause, 30000));
  }
  again(1500);
})();
