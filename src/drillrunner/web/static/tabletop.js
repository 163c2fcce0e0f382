// Keeps the page of an exercise fresh: the server draws each part and sends those that have changed. Forms are sent
// without leaving the page, so that nothing that somebody is typing is lost. Without this script they work as well.
(() => {
  "use strict";
  const AGAIN_MS = 2000;
  const SAID_MS = 4000;
  const waiting = document.getElementById("waiting");
  const table = document.getElementById("tabletop");

  if (waiting) {
    const look = async () => {
      const answer = await fetch(waiting.dataset.again).catch(() => null);
      if (answer && answer.ok) location.replace(waiting.dataset.again);
      else setTimeout(look, AGAIN_MS);
    };
    setTimeout(look, AGAIN_MS);
  }
  if (!table || !window.EventSource) return;

  const connection = document.getElementById("connection");
  const refused = document.getElementById("refused");
  const put = (place, words) => {
    if (place.textContent !== words) place.textContent = words;
  };

  // What somebody has typed, chosen or unfolded, and where the keyboard is.
  const kept = (place) => {
    const fields = [...place.querySelectorAll("input:not([type=hidden]), textarea, select")].filter((one) => one.id);
    const here = place.contains(document.activeElement) ? document.activeElement : null;
    return {
      values: fields.map((one) => [one.id, one.value]),
      open: [...place.querySelectorAll("details[open]")].map((one) => one.id),
      focus: here && here.id,
      selection: here && "selectionStart" in here ? [here.selectionStart, here.selectionEnd] : null,
    };
  };

  const again = (place, was) => {
    for (const [id, value] of was.values) {
      const field = document.getElementById(id);
      if (!field || !place.contains(field)) continue;
      if (field.tagName !== "SELECT" || [...field.options].some((one) => one.value === value)) field.value = value;
    }
    for (const id of was.open) if (document.getElementById(id)) document.getElementById(id).open = true;
    const field = was.focus && document.getElementById(was.focus);
    if (!field) return;
    field.focus({ preventScroll: true });
    if (was.selection && was.selection[0] !== null) field.setSelectionRange(...was.selection);
  };

  // Only what differs is put in: what stays is not read out again, and keeps its pictures and fields.
  const patch = (place, markup) => {
    const drawn = document.createElement("template");
    drawn.innerHTML = markup; // drawn and escaped by the server, as at first
    const old = [...place.children];
    const wanted = [...drawn.content.children].map((one) => {
      const same = old.findIndex((other) => other.outerHTML === one.outerHTML);
      return same < 0 ? one : old.splice(same, 1)[0];
    });
    old.forEach((one) => one.remove());
    let at = place.firstElementChild;
    for (const one of wanted) {
      if (one === at) at = at.nextElementSibling;
      else place.insertBefore(one, at);
    }
  };

  const late = new Map();
  const draw = (name, markup) => {
    const place = document.getElementById("part-" + name);
    if (!place) return;
    const here = place.contains(document.activeElement) ? document.activeElement : null;
    if (here && (composing || here.tagName === "SELECT")) {
      late.set(name, markup); // a word that is being composed, or a list that is open, is not taken away
      return;
    }
    late.delete(name);
    const was = kept(place);
    patch(place, markup);
    again(place, was);
  };
  const catchUp = () => setTimeout(() => [...late].forEach(([name, markup]) => draw(name, markup)), 0);

  let composing = false;
  document.addEventListener("compositionstart", () => { composing = true; });
  document.addEventListener("compositionend", () => { composing = false; catchUp(); });
  document.addEventListener("focusout", catchUp);

  const open = () => {
    const stream = new EventSource(table.dataset.stream);
    stream.addEventListener("open", () => put(connection, ""));
    stream.addEventListener("parts", (event) => Object.entries(JSON.parse(event.data)).forEach(([name, text]) => draw(name, text)));
    stream.addEventListener("error", () => {
      put(connection, "The connection is lost. What you type here stays. Trying again …");
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => comeBack(), AGAIN_MS);
    });
  };

  // Whoever has a seat keeps it; the facilitator's token is a new one when the server is started again.
  const comeBack = async () => {
    const answer = await fetch(location.pathname).catch(() => null);
    if (answer && answer.status === 401) put(connection, "drill serve was started again. Open the address that it printed.");
    else open();
  };

  const why = async (answer) => {
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [...told.querySelectorAll("main p")].map((one) => one.textContent).join(" ");
  };

  // The form may have been drawn anew meanwhile, with what was typed in it: what is emptied is looked up again.
  const empty = (ids) => {
    for (const field of ids.map((id) => document.getElementById(id)).filter(Boolean)) {
      if (field.tagName !== "SELECT") field.value = field.defaultValue;
      else [...field.options].forEach((one) => { one.selected = one.defaultSelected; });
      const around = field.closest("details");
      if (around) around.open = false;
    }
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if ("leaves" in form.dataset) return; // what leads to another page
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    const ids = [...form.elements].filter((one) => one.id && one.type !== "submit").map((one) => one.id);
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "manual" });
      if (answer.type === "opaqueredirect") {
        empty(ids);
        put(refused, "");
        put(connection, "Written down.");
        setTimeout(() => connection.textContent === "Written down." && put(connection, ""), SAID_MS);
      } else {
        put(refused, await why(answer));
      }
    } catch {
      put(refused, "It was not sent: the connection is lost. Send it again when it is back.");
    } finally {
      delete form.dataset.busy;
    }
  });

  open();
})();
