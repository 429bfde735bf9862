/** The order of faces by size, the largest first; two of nearly the same size keep their places. */

/** How many times as large as another before it a face must be to come before it. */
const LARGER = 1.4;

export class Order {
  #keys = [];

  /**
   * Orders the faces that are in view now; those of the last call keep their places where their sizes allow it.
   * @template Key
   * @param {Map<Key, number>} areas by face; new ones of the same size come in the map's order
   * @returns {Key[]} the largest first
   */
  update(areas) {
    const known = this.#keys.filter((key) => areas.has(key));
    const largestFirst = [...areas.keys()].sort((a, b) => areas.get(b) - areas.get(a));
    this.#keys = known;
    for (const key of largestFirst) {
      const place = known.indexOf(key);
      const factor = place < 0 ? 1 : LARGER;
      const before = known.findIndex((other) => areas.get(other) * factor < areas.get(key));
      if (place < 0) known.splice(before < 0 ? known.length : before, 0, key);
      else if (before >= 0 && before < place) known.splice(before, 0, ...known.splice(place, 1));
    }
    return [...known];
  }
}
