/* The sentences that scripts say, in the reader's language: base templates write them as JSON. */
const island = document.getElementById("phrases");
const phrases = island ? JSON.parse(island.textContent) : {};

/** The phrase `name` with its {slots} filled. */
export function say(name, slots = {}) {
  return (phrases[name] ?? "").replace(/\{(\w+)\}/g, (_all, slot) => slots[slot] ?? "");
}
