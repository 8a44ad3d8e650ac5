
// ---- start: finds figures, draws them when they come into view, and follows live updates, the theme, the address and the printer.

const seen = 'IntersectionObserver' in window ? new IntersectionObserver(entries => {
  for (const e of entries) {
    if (!e.isIntersecting) continue;
    const f = figures.get(e.target);
    seen.unobserve(e.target);
    if (f) f.load(false);
  }
}, { rootMargin: '300px' }) : null;

// fill takes the figures of a page of charts into a section of another page.
async function fill(section) {
  try {
    const answer = await fetch(section.dataset.charts, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(answer.statusText);
    const groups = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('chart-groups');
    for (const e of groups.querySelectorAll('noscript')) e.remove(); // its pictures would be loaded
    for (const heading of groups.querySelectorAll('h2')) { const h3 = element('h3'); h3.append(...heading.childNodes); heading.replaceWith(h3); }
    section.append(document.adoptNode(groups));
    find();
  } catch (e) {
    section.append(element('p', { class: 'chart-error', role: 'alert' }, 'The charts could not be loaded: ' + clipped(e.message, 200)));
  }
}

const near = 'IntersectionObserver' in window ? new IntersectionObserver(entries => {
  for (const e of entries) if (e.isIntersecting) { near.unobserve(e.target); fill(e.target); }
}, { rootMargin: '400px' }) : null;
const sections = new WeakSet();

function find() {
  for (const section of document.querySelectorAll('[data-charts]')) {
    if (sections.has(section)) continue;
    sections.add(section);
    section.dataset.keep = '';
    if (near) near.observe(section); else fill(section);
  }
  for (const [figure, f] of figures) if (!figure.isConnected) { f.dispose(); figures.delete(figure); }
  for (const figure of document.querySelectorAll('figure.chart[data-chart]')) {
    if (figures.has(figure) || !kinds[figure.dataset.chart]) continue;
    const f = new Figure(figure);
    figures.set(figure, f);
    if (seen) seen.observe(figure); else f.load(false);
  }
}

document.addEventListener('harness:update', () => {
  find();
  for (const f of figures.values()) if (f.src && f.chart) f.load(true);
});

const redraw = look => { for (const f of figures.values()) f.draw(look); };
document.addEventListener('harness:theme', () => redraw());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw());
window.addEventListener('beforeprint', () => redraw(lightLook));
window.addEventListener('afterprint', () => redraw());

window.addEventListener('hashchange', () => {
  for (const f of figures.values()) {
    f.state = readState(f.name);
    if (f.chart) { f.draw(); f.load(false); }
  }
});

// A disclosure may hide figures: they are drawn when it opens, since only then is their width known.
document.addEventListener('toggle', e => { if (e.target instanceof Element && e.target.querySelector('figure.chart')) redraw(); }, true);

if (typeof document !== 'undefined') find();
