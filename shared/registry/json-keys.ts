/**
 * The first key of a JSON text that is ambiguous: given twice in one object, or `__proto__`; undefined when there is
 * none. Parsers differ in which of two equal keys they take, so that two readers of one digest could see two images
 * (CVE-2021-41190 is such a case). The text must be valid JSON already.
 */
export function ambiguousKey(text: string): string | undefined {
  const scopes: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === openBrace) scopes.push(new Set());
    else if (code === openBracket) scopes.push(undefined);
    else if (code === closeBrace || code === closeBracket) scopes.pop();
    else if (code === quote) {
      const end = endOfString(text, at);
      const keys = scopes.at(-1);
      if (keys !== undefined && isKey(text, end)) {
        const written = text.slice(at + 1, end - 1);
        const key: string = written.includes("\\") ? JSON.parse(`"${written}"`) : written;
        if (key === "__proto__" || keys.has(key)) return key;
        keys.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const space = 0x20;

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); at < text.length && code !== quote; code = text.charCodeAt(at)) {
    at += code === backslash ? 2 : 1;
  }
  return at + 1;
}

/** Only white space may stand between a key and its colon, and all of it is at or below the blank. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (text.charCodeAt(at) <= space) at++;
  return text.charCodeAt(at) === colon;
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
