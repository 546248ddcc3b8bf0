/** A watch row that could follow a repository, and what it really selects. */
export interface SuggestedRow {
  /** The columns of a watch but for Source. */
  readonly columns: Readonly<Record<string, string>>;
  /** What it follows, in words: "semantic versions without a suffix". */
  readonly what: string;
  readonly selects: {
    readonly count: number;
    /** The first few, families in their order, the newest first. */
    readonly newest: readonly string[];
  };
}

/** What a tag list looks like, for people: every count is of distinct tags. */
export interface TagFindings {
  readonly total: number;
  /** The largest; `further` counts the others. */
  readonly families: readonly { readonly family: string; readonly count: number; readonly newest: string }[];
  readonly prereleases: readonly { readonly label: string; readonly count: number }[];
  /** Names that seem to move with upstream, such as latest. */
  readonly floating: readonly string[];
  readonly further: { readonly families: number };
  /** Other tags without a digit. */
  readonly names: { readonly count: number; readonly examples: readonly string[] };
  /** Short forms of longer versions: 1.27 beside 1.27.4. */
  readonly aliases: { readonly count: number; readonly examples: readonly string[] };
  /** Of no use for choosing versions: signatures, commits, one platform's tags. */
  readonly noise: readonly {
    readonly kind: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
}

/**
 * `row`: one way to follow the repository is clear. `unclear`: several are as likely, so none is proposed; `alternatives` shows
 * them. `nothing`: no tag says what is newer. `why` is the evidence, `notes` what else to know, both in whole sentences.
 */
export type Suggested = { readonly why: readonly string[]; readonly notes: readonly string[] } & (
  | { readonly kind: "row"; readonly row: SuggestedRow }
  | { readonly kind: "unclear"; readonly alternatives: readonly SuggestedRow[] }
  | { readonly kind: "nothing" }
);

export type Suggestion = Suggested & { readonly source: string; readonly findings: TagFindings };
