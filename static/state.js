/** Asks the server for its state again and again, one question at a time. */

const PAUSE = 500;
const HIDDEN_PAUSE = 5000;
const LONGEST_PAUSE = 5000;
const TIME_LIMIT = 3000;

/** An answer that is no success; `status` tells which. */
class Refusal extends Error {
  constructor(status) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/**
 * Starts asking. Failures are followed by growing pauses, a hidden page asks seldom.
 * @param {object} options
 * @param {() => Record<string, string>} options.query what to ask for, read anew for each question
 * @param {(state: object) => void} options.onAnswer
 * @param {(error: Error) => void} options.onFailure no answer within the time limit, or one that is no success; the
 *   latter has a `status`
 * @returns {{ask: () => void}} `ask` drops the question that is under way and asks at once
 */
export function watchState({ query, onAnswer, onFailure }) {
  let timer = 0;
  let latest = null;
  let failures = 0;

  async function ask() {
    clearTimeout(timer);
    latest?.abort();
    const question = new AbortController();
    latest = question;
    let state = null;
    let error = null;
    try {
      state = await fetchState(query(), question);
    } catch (failure) {
      error = failure;
    }
    if (question !== latest) return;
    failures = error ? failures + 1 : 0;
    timer = setTimeout(ask, pause(failures));
    if (error) onFailure(error);
    else onAnswer(state);
  }

  ask();
  return { ask };
}

async function fetchState(query, question) {
  const limit = setTimeout(() => question.abort(), TIME_LIMIT);
  try {
    const address = `api/state?${new URLSearchParams(query)}`;
    const answer = await fetch(address, { signal: question.signal, cache: "no-store" });
    if (!answer.ok) throw new Refusal(answer.status);
    return await answer.json();
  } finally {
    clearTimeout(limit);
  }
}

function pause(failures) {
  if (document.hidden) return HIDDEN_PAUSE;
  return Math.min(PAUSE * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE);
}
