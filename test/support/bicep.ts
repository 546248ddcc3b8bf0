import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Language, type Node, Parser } from "web-tree-sitter";

/** What stands in a template, as far as it can be told without a compiler. */
export interface Template {
  readonly file: string;
  /** Where the grammar does not know what it reads. */
  readonly errors: readonly string[];
  readonly declared: ReadonlySet<string>;
  readonly used: ReadonlySet<string>;
  /** By name; whether it has a default. */
  readonly parameters: ReadonlyMap<string, { readonly type: string; readonly optional: boolean }>;
  readonly variables: BicepObject;
  readonly resources: readonly Declaration[];
  /** `target` is the file's name. */
  readonly modules: readonly Declaration[];
}

export interface Declaration {
  readonly symbol: string;
  /** `Microsoft.Web/sites@2024-11-01`, a nested one's type in full. */
  readonly target: string;
  readonly existing: boolean;
  readonly nested: boolean;
  readonly body: BicepObject;
}

/** Literals are their values, every other expression its text. */
export type BicepValue = string | number | boolean | null | Expression | BicepObject | readonly BicepValue[];
export interface Expression {
  readonly text: string;
}
export type BicepObject = ReadonlyMap<string, BicepValue>;

/** The object under a key that must have one. */
export function objectAt(body: BicepObject | undefined, key: string): BicepObject {
  const value = body?.get(key);
  if (value instanceof Map) return value as BicepObject;
  throw new Error(`there is no object ${key}`);
}

const grammar = createRequire(import.meta.url).resolve("tree-sitter-bicep/tree-sitter-bicep.wasm");

/** Reads templates with the Bicep grammar of tree-sitter. It is not the compiler: https://github.com/tree-sitter-grammars/tree-sitter-bicep */
export async function openBicep(): Promise<(path: string) => Template> {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  return (path) => {
    const tree = parser.parse(readFileSync(path, "utf8"));
    if (tree === null) throw new Error(`${path} was not parsed`);
    return toTemplate(basename(path), tree.rootNode);
  };
}

function toTemplate(file: string, root: Node): Template {
  const all = (type: string) => root.descendantsOfType(type).filter((node) => node !== null);
  const names = (types: readonly string[]) => types.flatMap((type) => all(type).map((node) => nameOf(node)));
  return {
    file,
    errors: [...all("ERROR"), ...all("MISSING")].map(
      ({ startPosition, text }) => `${startPosition.row + 1}: ${text}`,
    ),
    declared: new Set([
      ...names([
        "parameter_declaration",
        "variable_declaration",
        "resource_declaration",
        "module_declaration",
      ]),
      ...all("for_statement").flatMap((node) => loopNames(node)),
    ]),
    used: new Set(
      all("identifier")
        .filter(isUse)
        .map(({ text }) => text),
    ),
    parameters: new Map(
      all("parameter_declaration").map((node) => [
        nameOf(node),
        { type: node.namedChild(1)?.text ?? "", optional: node.namedChildCount > 2 },
      ]),
    ),
    variables: new Map(
      all("variable_declaration").map((node) => {
        const value = node.namedChild(1);
        return [nameOf(node), value === null ? null : toValue(value)];
      }),
    ),
    resources: all("resource_declaration").map((node) => toDeclaration(node)),
    modules: all("module_declaration").map((node) => toDeclaration(node)),
  };
}

function nameOf(node: Node): string {
  return node.namedChild(0)?.text ?? "";
}

function loopNames(node: Node): string[] {
  const [first] = node.namedChildren.filter((child) => child !== null);
  return first?.type === "for_loop_parameters"
    ? first.namedChildren.flatMap((child) => child?.text ?? [])
    : [first?.text ?? ""];
}

/** Not the name of what is declared, of a property or of a function. */
function isUse(node: Node): boolean {
  const { parent } = node;
  if (parent === null) return false;
  if (/_declaration$|^output/.test(parent.type)) return parent.namedChild(0)?.id !== node.id;
  if (parent.type === "object_property") return parent.namedChild(0)?.id !== node.id;
  if (parent.type === "call_expression") return parent.childForFieldName("function")?.id !== node.id;
  return parent.type !== "for_statement" || node.id !== parent.childForFieldName("initializer")?.id;
}

function toDeclaration(node: Node): Declaration {
  const target = stringOf(node.namedChild(1));
  const outer = enclosing(node);
  return {
    symbol: nameOf(node),
    target: outer === undefined ? target : nestedType(toDeclaration(outer).target, target),
    existing: /^resource\s+\S+\s+'[^']*'\s+existing\b/.test(node.text),
    nested: outer !== undefined,
    body: bodyOf(node),
  };
}

function enclosing(node: Node): Node | undefined {
  for (let at = node.parent; at !== null; at = at.parent) if (at.type === "resource_declaration") return at;
  return undefined;
}

function nestedType(outer: string, inner: string): string {
  const [type = "", version = ""] = outer.split("@");
  return `${type}/${inner}@${version}`;
}

/** Of a loop or a condition, what it makes. */
function bodyOf(node: Node): BicepObject {
  const last = node.namedChildren.at(-1);
  if (last?.type === "object") return toObject(last);
  return last === null || last === undefined ? new Map() : bodyOf(last);
}

function toObject(node: Node): BicepObject {
  const properties = node.namedChildren.filter((child) => child?.type === "object_property");
  return new Map(
    properties.flatMap((property): [string, BicepValue][] => {
      const [key, value] = [property?.namedChild(0), property?.namedChild(1)];
      // A nested resource stands where a property could.
      if (!key || !value) return [];
      return [[key.type === "string" ? stringOf(key) : key.text, toValue(value)]];
    }),
  );
}

function toValue(node: Node): BicepValue {
  switch (node.type) {
    case "object":
      return toObject(node);
    case "array":
      return node.namedChildren.flatMap((child) =>
        !child || child.type === "comment" ? [] : [toValue(child)],
      );
    case "string":
      return node.descendantsOfType("interpolation").length > 0 ? { text: node.text } : stringOf(node);
    case "boolean":
      return node.text === "true";
    case "number":
      return Number(node.text);
    case "null":
      return null;
    default:
      return { text: node.text };
  }
}

function stringOf(node: Node | null): string {
  return node === null ? "" : node.text.slice(1, -1).replaceAll("\\'", "'");
}
