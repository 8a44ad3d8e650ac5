// The log of a trial that runs: what is added comes by server-sent events and is shown as text. Without this script the page shows the
// log as it was.
(function () {
  'use strict';

  const mostLines = 5000; // that stay on the page
  let source = null, position = '', attempt = '', waiting = 0;

  const of = function (id) { return document.getElementById(id); };
  const section = function () { return document.querySelector('[data-log]'); };

  function tell(text) {
    const place = of('log-state');
    if (place && place.textContent !== text) place.textContent = text;
  }

  // ---- the end of the log stays in view until the reader scrolls away from it.
  function following() { return of('log-follow').getAttribute('aria-pressed') === 'true'; }
  function follow(on) {
    of('log-follow').setAttribute('aria-pressed', String(on));
    if (on) of('log-lines').scrollTop = of('log-lines').scrollHeight;
  }
  function atEnd(lines) { return lines.scrollHeight - lines.scrollTop - lines.clientHeight < 24; }

  // ---- the lines: whole ones are text nodes, the open one is the last node.
  function show(event) {
    const lines = of('log-lines');
    const end = following();
    const number = event.lastEventId.split(':')[0];
    const news = JSON.parse(event.data);
    if (!lines.dataset.ready || news.anew) { // one node a line, from now on
      const text = news.anew ? '' : lines.textContent;
      lines.dataset.ready = '1';
      lines.replaceChildren();
      const parts = text.split('\n');
      for (const part of parts.slice(0, -1)) lines.append(part + '\n');
      lines.append(parts[parts.length - 1]);
    }
    const open = lines.lastChild;
    const fresh = document.createDocumentFragment();
    const mark = function (text) {
      const line = document.createElement('span');
      line.className = 'attempt-line';
      line.textContent = text;
      fresh.append(line);
    };
    if (attempt && number !== attempt) {
      fresh.append(open.textContent + (open.textContent ? '\n' : ''));
      mark('attempt ' + number);
      of('log-of').textContent = 'attempt ' + number;
    }
    attempt = number;
    if (news.skipped) mark(news.skipped + ' bytes are not shown');
    for (const line of news.lines) fresh.append(line + '\n');
    fresh.append(document.createTextNode(news.open));
    open.replaceWith(fresh);
    while (lines.childNodes.length > mostLines) lines.firstChild.remove();
    if (end) lines.scrollTop = lines.scrollHeight;
    position = event.lastEventId;
  }

  function close() {
    if (source) source.close();
    source = null;
    clearTimeout(waiting);
  }

  // open follows the log while the trial runs and the page can be seen: a browser has few connections to a server.
  function open() {
    const log = section();
    if (!log || !window.EventSource || source || document.hidden || log.dataset.runs !== 'true') return;
    source = new EventSource(log.dataset.log + '?from=' + encodeURIComponent(position));
    source.onopen = function () { tell('live'); };
    source.addEventListener('lines', show);
    source.addEventListener('end', function () { close(); tell('the trial has ended'); });
    source.onerror = function () {
      tell('not connected');
      if (source && source.readyState === EventSource.CLOSED) { close(); waiting = setTimeout(open, 5000); }
    };
  }

  function start() {
    const button = of('log-follow');
    if (!button) return;
    if (!position) { // where the log ends that the page was loaded with
      position = section().dataset.from;
      attempt = position.split(':')[0];
    }
    if (button.hidden && section().dataset.runs === 'true') {
      button.hidden = false;
      button.addEventListener('click', function () { follow(!following()); });
      of('log-lines').addEventListener('scroll', function () {
        const end = atEnd(of('log-lines'));
        if (end !== following()) button.setAttribute('aria-pressed', String(end));
      });
      follow(true);
    } else if (!of('log-lines').dataset.shown) of('log-lines').scrollTop = of('log-lines').scrollHeight;
    of('log-lines').dataset.shown = '1';
    open();
  }

  document.addEventListener('visibilitychange', function () { if (document.hidden) { close(); tell('waits'); } else open(); });
  document.addEventListener('harness:update', start);
  start();
})();
