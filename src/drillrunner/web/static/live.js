// Keeps the page of a run fresh: the server draws each part, and sends those that have changed.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const EVENTS_MOST = 500;
  const AGAIN_MS = 3000;
  const log = document.getElementById("events");
  const frame = document.getElementById("told");
  const connection = document.getElementById("connection");
  let last = Number(live.dataset.last) || 0;
  let stream = null;

  const say = (words) => {
    if (connection.textContent !== words) connection.textContent = words;
  };

  const nextTo = (id) => '[id^="' + CSS.escape(id.slice(0, id.lastIndexOf("-") + 1)) + '"]';

  const draw = (parts) => {
    for (const [name, markup] of Object.entries(parts)) {
      const place = document.getElementById("part-" + name);
      if (!place) continue;
      const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
      place.innerHTML = markup; // drawn and escaped by the server, as at first
      // a button's place in the table stays the keyboard's, even where it now says something else
      if (focused) (document.getElementById(focused) || document.querySelector(nextTo(focused)))?.focus();
    }
    if (parts.steps) document.getElementById("runbook").hidden = false;
  };

  const piece = (name, text, className) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const tell = (event) => {
    if (event.seq <= last) return;
    last = event.seq;
    const atEnd = frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 8;
    const line = document.createElement("li");
    line.append(piece("span", event.at, "num"), " ", piece("b", event.what), " ", event.words);
    log.append(line);
    while (log.children.length > EVENTS_MOST) log.firstElementChild.remove();
    if (atEnd) frame.scrollTop = frame.scrollHeight;
  };

  const over = () => {
    stream.close();
    connection.textContent = "The run is over. ";
    const result = piece("a", "Show its result");
    result.href = location.pathname;
    connection.append(result);
    document.getElementById("stop")?.remove();
    document.getElementById("steps-form")?.remove();
    document.querySelectorAll("button.say").forEach((button) => button.remove());
  };

  const open = () => {
    stream = new EventSource(live.dataset.stream + "?after=" + last);
    stream.addEventListener("open", () => say(""));
    stream.addEventListener("parts", (event) => draw(JSON.parse(event.data)));
    stream.addEventListener("told", (event) => tell(JSON.parse(event.data)));
    stream.addEventListener("over", over);
    stream.addEventListener("error", () => {
      say("The connection is lost. Trying again …");
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    });
  };

  frame.scrollTop = frame.scrollHeight;
  open();
})();
