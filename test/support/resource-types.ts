import type { BicepObject, BicepValue } from "./bicep.ts";

/** Types of Azure's resources, by `Microsoft.Web/sites@2024-11-01`. What can only be read is left out. */
export type ResourceTypes = Readonly<Record<string, ResourceType>>;

export interface ResourceType {
  /** The name of its object type; where `name` tells them apart, one for each. */
  readonly body: string | Readonly<Record<string, string>>;
  readonly objects: Readonly<Record<string, ObjectType>>;
}

export interface ObjectType {
  readonly properties: Readonly<Record<string, PropertyType>>;
  /** The type of properties that have any name. */
  readonly others?: string;
}

/** `string`, `bool`, `int`, `any`, `A | B`, `Sku`, or any of them with `[]`; behind `!` where the property must be there. */
export type PropertyType = string;

// Bicep's own, of every resource: https://learn.microsoft.com/azure/azure-resource-manager/bicep/resource-declaration
const ofEveryResource: ReadonlySet<string> = new Set(["scope", "parent", "dependsOn"]);
const primitives: Readonly<Record<string, string>> = { string: "string", bool: "boolean", int: "number" };

/** What is wrong with a resource's body, by path. Expressions are taken as they are. */
export function misfits(type: ResourceType, body: BicepObject): readonly string[] {
  const name = body.get("name");
  const object = typeof type.body === "string" ? type.body : type.body[String(name)];
  if (object === undefined)
    return [`name: "${String(name)}" is none of ${Object.keys(type.body).join(", ")}`];
  const own = new Map([...body].filter(([key]) => !ofEveryResource.has(key)));
  return misfitsOfObject(own, { object, type, path: "" });
}

interface Place {
  readonly object: string;
  readonly type: ResourceType;
  readonly path: string;
}

function misfitsOfObject(value: BicepObject, { object, type, path }: Place): string[] {
  const { properties, others } = type.objects[object] ?? { properties: {} };
  const at = (key: string) => `${path}${path === "" ? "" : "."}${key}`;
  const missing = Object.entries(properties)
    .filter(([key, expected]) => expected.startsWith("!") && !value.has(key))
    .map(([key]) => `${at(key)} is missing`);
  const wrong = [...value].flatMap(([key, one]) => {
    const expected = properties[key]?.replace(/^!/, "") ?? others;
    return expected === undefined ? [`${at(key)} is not known`] : misfitsOf(one, expected, type, at(key));
  });
  return [...missing, ...wrong];
}

function misfitsOf(value: BicepValue, expected: string, type: ResourceType, path: string): string[] {
  if (isExpression(value) || expected === "any") return [];
  if (expected.endsWith("[]")) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((one: BicepValue, at) =>
      misfitsOf(one, expected.slice(0, -2), type, `${path}[${at}]`),
    );
  }
  if (expected in type.objects) {
    return value instanceof Map
      ? misfitsOfObject(value, { object: expected, type, path })
      : [`${path} is no object`];
  }
  const primitive = primitives[expected];
  if (primitive !== undefined) return typeof value === primitive ? [] : [`${path} is no ${expected}`];
  // "string" at the end means that Azure may know more: what it does not publish is not for us to use.
  const allowed = expected.split(" | ").filter((each) => each !== "string");
  return allowed.includes(String(value))
    ? []
    : [`${path}: "${String(value)}" is none of ${allowed.join(", ")}`];
}

function isExpression(value: BicepValue): boolean {
  return typeof value === "object" && value !== null && "text" in value;
}
