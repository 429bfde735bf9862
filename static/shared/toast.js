/** Short messages that pass, over the picture. */

const SHOWN_FOR = 4000;
/** A message with a link stays longer: it is to be reached. */
const LINKED_FOR = 10_000;

/**
 * Prepares the place for messages.
 * @param {HTMLElement} note a live region, so that screen readers say them
 * @returns {(text: string, link?: {href: string, text: string}) => void} shows one in place of the one before
 */
export function setUpToast(note) {
  let timer = 0;
  return (text, link) => {
    clearTimeout(timer);
    note.replaceChildren(text, ...(link ? [" ", anchor(link)] : []));
    note.classList.add("shown");
    timer = setTimeout(() => note.classList.remove("shown"), link ? LINKED_FOR : SHOWN_FOR);
  };
}

function anchor({ href, text }) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = text;
  return link;
}
