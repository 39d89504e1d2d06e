// The service that the page came from, asked with the key of the field.

import { find } from "./elements.js";

// Relative, so that the page works below any path of a proxy.
export const locate = (path) => new URL(path, document.baseURI).href;

// What a problem says, and `status`, 0 where there was no answer.
export class Refusal extends Error {
  constructor(status, sentence, errors = []) {
    super(sentence);
    this.status = status;
    this.errors = errors;
  }
}

export async function ask(path, options = {}) {
  const key = find("key").value.trim();
  if (!key) throw new Refusal(401, "An API key is needed: enter it above.");
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Refusal(401, "This is no API key.");
  const headers = { ...options.headers, Authorization: `Bearer ${key}` };
  let answer, text;
  try {
    answer = await fetch(locate(path), { ...options, headers, credentials: "omit", cache: "no-store" });
    text = await answer.text();
  } catch {
    throw new Refusal(0, "The service cannot be reached.");
  }
  if (!answer.ok) throw readProblem(answer, text);
  return text;
}

function readProblem(answer, text) {
  const after = answer.headers.get("Retry-After");
  const pause = after ? ` Try again in ${after} s.` : "";
  try {
    const problem = JSON.parse(text);
    return new Refusal(answer.status, problem.detail + pause, problem.errors);
  } catch { // a proxy's own page
    return new Refusal(answer.status, `The answer was ${answer.status} ${answer.statusText}.${pause}`);
  }
}
