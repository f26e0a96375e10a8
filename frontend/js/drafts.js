/* Words that are typed and not sent yet, kept on this device for whoever typed them: `yw-draft:<person>:<name>`.

   Desks are shared in shifts: nobody is shown what another person left, and it goes when the next one is signed
   in. A resident has no person here; their words are `yw-draft:<name>`. */
const DRAFT = "yw-draft:";
const AT = "yw-draft-at:"; // when a resident wrote it last
const RESIDENT = new Set([`${DRAFT}report`]);

const who = () => document.querySelector("meta[name=person]")?.content ?? "";
const key = (name) => (who() ? `${DRAFT}${who()}:${name}` : DRAFT + name);

export function readDraft(name) {
  try { return localStorage.getItem(key(name)) ?? ""; } catch { return ""; }
}

/** When a resident wrote it last; null: nobody knows. */
export function draftedAt(name) {
  try {
    const at = new Date(localStorage.getItem(AT + name) ?? "");
    return Number.isNaN(at.getTime()) ? null : at;
  } catch { return null; }
}

export function keepDraft(name, words) {
  try {
    if (words) localStorage.setItem(key(name), words);
    else localStorage.removeItem(key(name));
    if (who()) return;
    if (words) localStorage.setItem(AT + name, new Date().toISOString());
    else localStorage.removeItem(AT + name);
  } catch { /* a full or forbidden storage keeps no draft; the field itself still holds the words */ }
}

/** What other members of the staff left on this device goes, once it is known who sits here. */
export function forgetOthers() {
  if (!who()) return;
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(DRAFT) && !name.startsWith(key("")) && !RESIDENT.has(name)) localStorage.removeItem(name);
    }
  } catch { /* no storage, no drafts */ }
}
