/** What the command's exit code tells a script. */
export const exitCodes = {
  ok: 0,
  /** It could not be done: upstream, storage or the target refused. */
  failed: 1,
  /** The arguments or the settings must be mended first. */
  invalid: 2,
  /** `plan --check`: the next poll would import something. */
  pending: 3,
  /** `status --check`: something needs attention. `sweep --check`: something has changed at the target. */
  attention: 4,
  /** `watch suggest`: the tags do not say which row is meant. */
  unclear: 5,
  /** `import`: a gate is not open yet. */
  waiting: 6,
} as const;
