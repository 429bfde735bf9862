// Sends the requests of the API page's forms, shows the answers, and shows each request as a curl command.

const MOST_SHOWN = 20_000;

for (const form of document.querySelectorAll(".operation form")) {
  setUp(form);
}
openNamed();
window.addEventListener("hashchange", openNamed);

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named?.matches("details")) {
    named.open = true;
  }
}

function setUp(form) {
  const showCommand = () => {
    form.querySelector(".curl").textContent = curl(form);
  };
  form.addEventListener("input", showCommand);
  showCommand();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

/** The address that the fields make. */
function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll("[data-in]")) {
    const value = field.value.trim();
    if (field.dataset.in === "path") {
      path = path.replace(`{${field.name}}`, value ? encodeURIComponent(value) : `{${field.name}}`);
    } else if (value) {
      query.append(field.name, value);
    }
  }
  return query.size ? `${path}?${query}` : path;
}

function curl(form) {
  const method = form.dataset.method.toUpperCase();
  const parts = ["curl", ...(method === "GET" ? [] : ["-X", method])];
  if (form.dataset.guarded !== undefined) {
    parts.push("-H", quoted("Authorization: Bearer TOKEN"));
  }
  const body = form.querySelector("[data-body]");
  if (body?.dataset.body === "file") {
    parts.push("--data-binary", quoted(`@${body.files[0]?.name ?? "FILE"}`));
  } else if (body) {
    parts.push("-H", quoted("Content-Type: application/json"), "-d", quoted(body.value));
  }
  return [...parts, quoted(location.origin + address(form))].join(" ");
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function send(form) {
  const stop = form.querySelector(".stop");
  const answer = form.querySelector(".answer");
  const abort = new AbortController();
  stop.onclick = () => abort.abort();
  stop.hidden = answer.hidden = false;
  answer.replaceChildren("…");
  try {
    await show(answer, await fetch(address(form), { ...request(form), signal: abort.signal }), abort, stop);
  } catch (error) {
    if (!abort.signal.aborted) {
      answer.replaceChildren(`The server did not answer: ${error.message}`);
    }
  }
  stop.hidden = true;
}

function request(form) {
  const body = form.querySelector("[data-body]");
  const made = { method: form.dataset.method.toUpperCase() };
  if (body?.dataset.body === "file") {
    made.body = body.files[0] ?? "";
  } else if (body) {
    made.body = body.value;
    made.headers = { "Content-Type": "application/json" };
  }
  return made;
}

async function show(place, answer, abort, stop) {
  const type = answer.headers.get("Content-Type") ?? "";
  const head = document.createElement("p");
  head.textContent = `${answer.status} ${answer.statusText} ${type}`;
  place.replaceChildren(head);
  if (type.startsWith("multipart/")) {
    abort.abort(); // the browser itself shows such a stream, as a picture
    await showStream(place, answer.url, stop);
  } else if (type.startsWith("image/")) {
    place.append(picture(URL.createObjectURL(await answer.blob())));
  } else if (type.startsWith("text/event-stream")) {
    await showEvents(place, answer);
  } else if (/json|text/.test(type)) {
    place.append(text(type.includes("json") ? pretty(await answer.text()) : await answer.text()));
  } else if (answer.status !== 204) {
    place.append(file(await answer.blob(), answer.url));
  }
}

/** Resolves when it has been stopped, which gives the connection back. */
function showStream(place, url, stop) {
  const image = picture(url);
  place.append(image);
  return new Promise((resolve) => {
    stop.onclick = () => {
      image.removeAttribute("src");
      image.remove();
      resolve();
    };
  });
}

async function showEvents(place, answer) {
  const shown = text("");
  place.append(shown);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    shown.textContent = (shown.textContent + part.value).slice(-MOST_SHOWN);
    shown.scrollTop = shown.scrollHeight;
  }
}

function picture(source) {
  const image = document.createElement("img");
  image.alt = "The picture that was answered";
  image.src = source;
  return image;
}

function text(words) {
  const shown = document.createElement("pre");
  shown.tabIndex = 0;
  shown.textContent = words.length > MOST_SHOWN ? `${words.slice(0, MOST_SHOWN)}\n…` : words;
  return shown;
}

function pretty(words) {
  try {
    return JSON.stringify(JSON.parse(words), null, 2);
  } catch {
    return words;
  }
}

function file(blob, url) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = new URL(url).pathname.split("/").pop();
  link.textContent = `Save ${link.download} (${blob.size.toLocaleString("en-GB")} bytes)`;
  return link;
}
