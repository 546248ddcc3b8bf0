import { renderCard } from "/card-host.js";

const pollEveryMs = 1500;
const shownAtMost = 50;
const streams = { card: document.querySelector("#cards"), mail: document.querySelector("#mails") };
const counts = { card: document.querySelector("#cards-count"), mail: document.querySelector("#mails-count") };
const link = document.querySelector("#link");
let newest = 0;

document.querySelector("#webhook").textContent = `${location.origin}/webhook`;
await refresh();

/** Fetches what is new and shows it on top; goes on for as long as the page is open. */
async function refresh() {
  try {
    const response = await fetch(`/messages?after=${newest}`);
    if (!response.ok) throw new Error(`the inbox answered ${response.status}`);
    const { messages, smtpUrl } = await response.json();
    document.querySelector("#smtp").textContent = smtpUrl;
    for (const message of messages.reverse()) show(message);
    link.textContent = "Live";
    link.dataset.state = "live";
  } catch {
    link.textContent = "Not connected, trying again";
    link.dataset.state = "lost";
  }
  setTimeout(refresh, pollEveryMs);
}

function show(message) {
  newest = Math.max(newest, message.id);
  const stream = streams[message.kind];
  stream.querySelector(".empty")?.remove();
  stream.prepend(message.kind === "card" ? cardArticle(message) : mailArticle(message));
  while (stream.children.length > shownAtMost) stream.lastElementChild.remove();
  counts[message.kind].textContent = stream.children.length;
}

function cardArticle({ at, card }) {
  const meta = element("div", "meta", element("strong", "", "Workflows"), timeOf(at));
  const frame = element("div", "card");
  frame.append(renderCard(card));
  return element("article", "post", element("div", "avatar", "W"), element("div", "post-body", meta, frame));
}

function mailArticle({ id, at, mail }) {
  const subject = element("h3", "", mail.subject);
  const route = element("p", "route", `${mail.from} → ${mail.to}`);
  const views = [
    ...(mail.html === undefined ? [] : [["Message", () => mailFrame(id)]]),
    ["Plain text", () => element("pre", "", mail.text)],
    ["Headers", () => headerTable(mail.headers)],
  ];
  const body = element("div", "mail-body");
  const tabs = views.map(([name, render]) => {
    const tab = element("button", "tab", name);
    tab.type = "button";
    tab.addEventListener("click", () => {
      for (const other of tabs) other.setAttribute("aria-pressed", String(other === tab));
      body.replaceChildren(render());
    });
    return tab;
  });
  const head = element(
    "div",
    "mail-head",
    element("div", "meta", subject, timeOf(at)),
    route,
    element("div", "tabs", ...tabs),
  );
  tabs[0].click();
  return element("article", "mail", head, body);
}

/** Same origin without scripts: its height can be read, and its links open apart. */
function mailFrame(id) {
  const frame = element("iframe", "");
  frame.title = "The mail's HTML";
  frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  frame.addEventListener("load", () => {
    const inner = frame.contentDocument;
    if (inner === null) return;
    for (const anchor of inner.querySelectorAll("a[href]")) {
      anchor.target = "_blank";
      anchor.rel = "noopener noreferrer";
    }
    const adjust = () => {
      frame.height = inner.documentElement.offsetHeight;
    };
    new ResizeObserver(adjust).observe(inner.documentElement);
    adjust();
  });
  frame.src = `/messages/${id}/html`;
  return frame;
}

function headerTable(headers) {
  const rows = headers.map(([name, value]) =>
    element("tr", "", element("th", "", name), element("td", "", value)),
  );
  return element("table", "headers", element("tbody", "", ...rows));
}

function timeOf(at) {
  const time = element(
    "time",
    "",
    new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }),
  );
  time.dateTime = at;
  return time;
}

/** Texts become text nodes, never markup. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}
