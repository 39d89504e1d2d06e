// The lines that ask what the form asks, as commands.py writes them of the example.

import { find } from "./elements.js";
import { readBody } from "./instance.js";
import { locate } from "./service.js";

const quoteShell = (text) => `'${text.replaceAll("'", `'"'"'`)}'`;

const quotePython = (text) =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;

const shown = { curl: find("curl").textContent, python: find("python").textContent };

// What stands in the place of the address and of the body, in the commands as they came.
const ADDRESS = /http:\/\/127\.0\.0\.1:8000\/v1\/predict/;
const BODIES = { curl: /(?<=\n  -d )[^]*$/, python: /(?<=predict['"],\n    )[^\n]*(?=\.encode\(\),\n)/ };

export function showCommands() {
  const url = locate("v1/predict"), body = readBody();
  const write = (name, quotedUrl, quotedBody) => {
    const text = shown[name].replace(BODIES[name], () => quotedBody);
    find(name).firstChild.textContent = text.replace(ADDRESS, () => quotedUrl);
  };
  write("curl", /^[\w@%+=:,./-]+$/.test(url) ? url : quoteShell(url), quoteShell(body));
  write("python", url.replaceAll("'", "%27"), quotePython(body));
}
