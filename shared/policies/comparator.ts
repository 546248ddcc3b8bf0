export const operators = ["<", "<=", "=", ">=", ">"] as const;

/** How a version or a name is to stand to the bound that a range names. */
export type Operator = (typeof operators)[number];

/** `order` is negative when what is judged comes before the bound, 0 when it equals it. */
export function admits(operator: Operator, order: number): boolean {
  switch (operator) {
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
  }
}
