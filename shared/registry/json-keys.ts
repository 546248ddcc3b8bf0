/**
 * The first key of a JSON text that is ambiguous: given twice in one object, or `__proto__`; undefined when there is
 * none. Parsers differ in which of two equal keys they take, so that two readers of one digest could see two images
 * (CVE-2021-41190 is such a case). The text must be valid JSON already.
 */
export function ambiguousKey(text: string): string | undefined {
  const scopes: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") scopes.push(new Set());
    else if (character === "[") scopes.push(undefined);
    else if (character === "}" || character === "]") scopes.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const keys = scopes.at(-1);
      if (keys !== undefined && isKey(text, end)) {
        const key: string = JSON.parse(text.slice(at, end));
        if (key === "__proto__" || keys.has(key)) return key;
        keys.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (/\s/.test(text[at] ?? "x")) at++;
  return text[at] === ":";
}

// What the OCI image specification and Docker's schema 2 name in manifests, indexes, descriptors and platforms.
const fields: ReadonlySet<string> = new Set(
  "schemaVersion mediaType artifactType config layers manifests fsLayers subject annotations digest size urls data platform os architecture variant".split(
    " ",
  ),
);
const foldedFields: ReadonlySet<string> = new Set([...fields].map(folded));

/**
 * The first key of an object that is one of a manifest's fields in other letters, such as `Layers`; undefined when there is
 * none. Go reads it as that field, https://pkg.go.dev/encoding/json#Unmarshal, and JavaScript does not: two images again.
 */
export function respeltField(record: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(record).find((key) => !fields.has(key) && foldedFields.has(folded(key)));
}

/** Upper case first: Go takes a long s for an s, too. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}
