/** Labels of the boxes on a picture: none covers a face or another label; where room is scarce they are shorter. */

/** How many times as high as its label a face must be for the label to lie inside its box, as a last resort. */
const INSIDE = 6;

/**
 * Gives each box's label a place above, below or inside it, in full or short; one without room shows on request only.
 * @param {HTMLElement} whole the picture, in which labels stay
 * @param {HTMLElement[]} boxes each with its label in a `span`
 */
export function placeLabels(whole, boxes) {
  const room = whole.getBoundingClientRect();
  if (!room.width) return;
  for (const box of boxes) box.dataset.label = "above";
  const faces = boxes.map((box) => box.getBoundingClientRect());
  boxes.forEach((box, index) => box.style.setProperty("--line", `${lineOf(faces[index])}px`));
  const full = sizes(boxes);
  for (const box of boxes) box.dataset.label = "above short";
  const short = sizes(boxes);
  const taken = [];
  const order = boxes.map((_, index) => index).sort((a, b) => area(faces[b]) - area(faces[a]));
  for (const index of order) {
    const free = candidates(faces[index], full[index], short[index]).find(
      ({ rect }) => isWithin(rect, room) && ![...faces, ...taken].some((other) => other !== faces[index] && meet(rect, other)),
    );
    boxes[index].dataset.label = free?.where ?? "none";
    if (free) taken.push(free.rect);
  }
}

function sizes(boxes) {
  return boxes.map((box) => {
    const { width, height } = box.querySelector("span").getBoundingClientRect();
    return { width, height };
  });
}

/** The places of a label, the preferred first, as the style sheet has them. */
function candidates(face, full, short) {
  const forms = [["", full], [" short", short]];
  const beside = forms.flatMap(([form, size]) =>
    [["above", face.top - size.height], ["below", face.bottom]].flatMap(([side, top]) => [
      { where: `${side}${form}`, rect: at(face.left, top, size) },
      { where: `${side} flush${form}`, rect: at(face.right - size.width, top, size) },
    ]),
  );
  const inside = forms
    .filter(([, { width, height }]) => face.height >= INSIDE * height && face.width >= width)
    .map(([form, size]) => ({ where: `inside${form}`, rect: at(face.left, face.top, size) }));
  return [...beside, ...inside];
}

/** Pixels of a box's border: a thick one would hide a small face. */
function lineOf({ width }) {
  return Math.min(3, Math.max(1, Math.round(width / 16)));
}

function at(left, top, { width, height }) {
  return { left, top, right: left + width, bottom: top + height };
}

function area({ width, height }) {
  return width * height;
}

function meet(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function isWithin(rect, room) {
  return rect.left >= room.left - 1 && rect.right <= room.right + 1 && rect.top >= room.top - 1 && rect.bottom <= room.bottom + 1;
}
