// Shows the sandbox's inbox. Everything that comes from a message is set as text, never as markup;
// a mail's HTML lives in a frame without scripts or origin.

const PAUSE_MS = 1500;
const MOST_SHOWN = 500;
const byId = (id) => document.getElementById(id);
const messages = new Map(); // by id, the newest first
let chosen = null;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function startOf(message) {
  return message.subject || message.text || (message.template && `template ${message.template}`) || filesOf(message);
}

function filesOf(message) {
  return message.files.map((file) => file.name || file.content_type || "file").join(", ");
}

function matches(message) {
  const wanted = byId("find").value.trim().toLowerCase();
  const channel = byId("channel").value;
  if (channel && message.channel !== channel) return false;
  return !wanted || [message.to, message.sender, message.subject, message.text].join("\n").toLowerCase().includes(wanted);
}

function row(message) {
  const button = make("button");
  button.type = "button";
  if (message.id === chosen) button.setAttribute("aria-current", "true");
  const head = make("div", "row");
  head.append(make("span", "to", message.to), make("span", "tag", message.channel));
  const time = make("time", "", new Date(message.at).toLocaleTimeString());
  time.dateTime = message.at;
  head.append(time);
  button.append(head, make("div", "start", startOf(message)));
  button.addEventListener("click", () => { location.hash = message.id; });
  const item = make("li");
  item.append(button);
  return item;
}

function showList() {
  const found = [...messages.values()].sort((a, b) => b.id - a.id).filter(matches);
  byId("list").replaceChildren(...found.slice(0, MOST_SHOWN).map(row));
  byId("state").textContent = found.length === 1 ? "1 message" : `${found.length} messages`;
  const channels = [...new Set([...messages.values()].map((message) => message.channel))].sort();
  const select = byId("channel");
  for (const channel of channels) {
    if (![...select.options].some((option) => option.value === channel)) select.add(new Option(channel, channel));
  }
}

function about(message) {
  const list = make("dl");
  const add = (name, value) => { if (value) list.append(make("dt", "", name), make("dd", "", value)); };
  add("To", message.to);
  add("From", message.sender);
  add("Subject", message.subject);
  add("Template", message.template);
  for (const [name, value] of Object.entries(message.variables)) add(`{{${name}}}`, value);
  add("By", `${message.provider}, account ${message.account}`);
  add("Reference", message.reference);
  return list;
}

function picture(file) {
  const image = make("img");
  image.src = file.url;
  image.alt = file.name || "picture";
  image.referrerPolicy = "no-referrer";
  return image;
}

function fileLine(file) {
  const item = make("li");
  const link = make("a", "", file.name || file.url || "file");
  if (file.url) { link.href = file.url; link.rel = "noreferrer"; link.target = "_blank"; }
  item.append(link, ` ${[file.content_type, file.size !== null && `${file.size} bytes`, file.caption].filter(Boolean).join(", ")}`);
  return item;
}

function bubble(message) {
  const element = make("div", "bubble");
  for (const file of message.files) {
    if (file.content_type.startsWith("image/") && file.url) element.append(picture(file));
  }
  element.append(message.text || (message.template ? `[template ${message.template}]` : filesOf(message)));
  return element;
}

function mail(message) {
  const parts = [];
  if (message.html !== null) {
    const frame = make("iframe");
    frame.title = "The mail";
    frame.setAttribute("sandbox", "");
    frame.src = `/_sandbox/inbox/${message.id}/html`;
    parts.push(frame);
  }
  if (message.text) parts.push(make("h2", "", "Text"), make("div", "text", message.text));
  return parts;
}

function headers(message) {
  const names = Object.keys(message.headers);
  if (!names.length) return [];
  const details = make("details");
  const list = make("dl");
  for (const name of names) list.append(make("dt", "", name), make("dd", "", message.headers[name]));
  details.append(make("summary", "", "Headers"), list);
  return [details];
}

function showMessage() {
  const message = messages.get(chosen);
  if (!message) return;
  const parts = [about(message)];
  if (message.channel === "email" && !message.template) parts.push(...mail(message));
  else parts.push(bubble(message));
  if (message.buttons.length) {
    const buttons = make("div", "buttons");
    buttons.append(...message.buttons.map((title) => make("span", "", title)));
    parts.push(buttons);
  }
  if (message.files.length) {
    const files = make("ul");
    files.append(...message.files.map(fileLine));
    parts.push(make("h2", "", "Files"), files);
  }
  parts.push(...headers(message));
  byId("message").replaceChildren(...parts);
}

function choose() {
  chosen = Number(location.hash.slice(1)) || null;
  showList();
  showMessage();
}

async function load() {
  const newest = Math.max(0, ...messages.keys());
  try {
    const response = await fetch(`/_sandbox/inbox?after=${newest}`);
    const found = (await response.json()).messages;
    for (const message of found) messages.set(message.id, message);
    if (found.length || !newest) showList();
    if (found.some((message) => message.id === chosen)) showMessage();
  } catch {
    byId("state").textContent = "The sandbox does not respond.";
  }
  setTimeout(load, PAUSE_MS);
}

byId("find").addEventListener("input", showList);
byId("channel").addEventListener("change", showList);
byId("clear").addEventListener("click", async () => {
  await fetch("/_sandbox/inbox", { method: "DELETE" });
  messages.clear();
  byId("message").replaceChildren();
  showList();
});
addEventListener("hashchange", choose);
chosen = Number(location.hash.slice(1)) || null;
load();
