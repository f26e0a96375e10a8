/* Residents' pages: photos that travel while one still writes, the code as a picture, news read aloud. */

const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";

/* Photos: <div data-uploads="url" data-max-files data-max-bytes data-say-…> around an <input type="file">.
   Each one is sent at once and leaves its token in the form. What is still on its way, or failed, stays in
   the file input, so that the form takes it along: sending the report never waits for a photo. */
function startUploads(box) {
  const input = box.querySelector("input[type=file]");
  if (!input) return;
  const add = input.closest(".photo-add");
  const problem = box.parentElement.querySelector(".photo-error");
  const { uploads: url, sayAgain, sayFailed, sayFull, sayRemove, saySending } = box.dataset;
  const most = Number(box.dataset.maxFiles), limit = Number(box.dataset.maxBytes);
  const waiting = new Map(); // figure → file, of those that the server does not have yet

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  const refresh = () => {
    const transfer = new DataTransfer();
    for (const file of waiting.values()) transfer.items.add(file);
    input.files = transfer.files;
    add.hidden = box.querySelectorAll(".photo:not(.photo-add)").length >= most;
  };

  function send(figure, file) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    figure.className = "photo is-sending";
    figure.querySelector(".photo-again")?.remove();
    const bar = figure.querySelector(".photo-progress > i");
    bar.parentElement.hidden = false;
    request.upload.addEventListener("progress", (event) => {
      bar.style.width = `${Math.round((event.loaded / event.total) * 100)}%`;
    });
    const failed = (text, again) => {
      figure.className = "photo is-failed";
      bar.parentElement.hidden = true;
      say(text || sayFailed);
      if (!again) {
        waiting.delete(figure);
        figure.remove();
        refresh();
        return;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.className = "photo-again";
      button.textContent = sayAgain;
      button.addEventListener("click", () => {
        say("");
        send(figure, file);
      });
      figure.append(button);
    };
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not an answer of ours */ }
      // A picture that was refused is refused again; anything else may work the next time.
      if (request.status !== 201) { failed(answer.error, request.status !== 400); return; }
      const token = document.createElement("input");
      [token.type, token.name, token.value] = ["hidden", "photo", answer.token];
      figure.append(token);
      figure.className = "photo is-sent";
      waiting.delete(figure);
      refresh();
    });
    request.addEventListener("error", () => failed("", true));
    request.addEventListener("timeout", () => failed("", true));
    request.open("POST", url);
    request.timeout = 120000;
    request.setRequestHeader("X-CSRFToken", csrf());
    request.send(body);
    figure.request = request;
  }

  input.addEventListener("change", () => {
    const known = new Set([...waiting.values()]);
    const chosen = [...input.files].filter((file) => !known.has(file));
    say("");
    for (const file of chosen) {
      if (box.querySelectorAll(".photo:not(.photo-add)").length >= most) { say(sayFull); break; }
      if (file.size > limit) { say(box.dataset.sayLarge.replace("{name}", file.name)); continue; }
      const figure = document.createElement("figure");
      const image = new Image();
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      const progress = document.createElement("span");
      progress.className = "photo-progress";
      progress.setAttribute("role", "progressbar");
      progress.setAttribute("aria-label", saySending);
      progress.append(document.createElement("i"));
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "photo-drop";
      drop.textContent = "×";
      drop.setAttribute("aria-label", `${sayRemove}: ${file.name}`);
      drop.addEventListener("click", () => {
        figure.request?.abort();
        waiting.delete(figure);
        URL.revokeObjectURL(image.src);
        figure.remove();
        refresh();
        input.focus();
      });
      figure.append(image, progress, drop);
      add.before(figure);
      waiting.set(figure, file);
      send(figure, file);
    }
    refresh();
  });
}

/* The code as a picture for the album: drawn here, sent nowhere. */
function saveCode(button) {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1080, 640];
  const pen = canvas.getContext("2d");
  const text = (words, size, y, weight, colour) => {
    pen.font = `${weight} ${size}px ${style.getPropertyValue("--sans") || "sans-serif"}`;
    pen.fillStyle = colour;
    pen.fillText(words, 80, y, 920);
  };
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#1f5fd1";
  pen.fillRect(0, 0, 24, canvas.height);
  text(button.dataset.sayTitle, 44, 130, 400, "#566579");
  text(button.dataset.saveCode, 116, 280, 700, "#1b2430");
  text(button.dataset.sayNote, 44, 390, 400, "#1b2430");
  text(`${location.origin}/r/`, 40, 540, 400, "#566579");
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${button.dataset.saveCode}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

for (const box of document.querySelectorAll("[data-uploads]")) startUploads(box);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save-code]");
  if (button) saveCode(button);
});

/* News on the status page: said aloud once; and where it is now the reader's turn, the whole page anew. */
const progress = document.getElementById("progress");
if (progress) {
  const said = document.querySelector("[data-said]");
  let phase = progress.dataset.phase;
  progress.addEventListener("yw:swapped", () => {
    const what = progress.querySelector(".now-what")?.textContent ?? "";
    const detail = progress.querySelector(".now-what + div")?.textContent ?? "";
    said.textContent = `${what} ${detail}`;
    const now = progress.querySelector("[data-turn]")?.dataset.turn;
    if (!now || now === phase) return;
    phase = now;
    const isTyping = document.querySelector("input:checked, textarea:focus, input:focus");
    if (!isTyping) location.reload();
  });
}
