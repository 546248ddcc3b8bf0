import { escapeHtml, webLink } from "./inert.ts";
import type { Fact, Item } from "./item.ts";
import type { Section, Summary, Tone } from "./summary.ts";

/**
 * The HTML alternative of a mail: tables and inline styles, as mail programs need them; nothing is loaded from elsewhere.
 * All foreign texts are escaped.
 */
export function renderHtml(summary: Summary, statusUrl: string | undefined): string {
  const link = webLink(statusUrl);
  const accent = accents[summary.tone];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(summary.title)}</title><style>${darkStyle}</style></head>
<body class="page" style="margin:0;padding:24px 12px;background:#f3f4f6;${font}">
<table role="presentation" class="sheet" width="100%" cellpadding="0" cellspacing="0" style="max-width:680px;margin:0 auto;background:#ffffff;border:1px solid #e2e5e9;border-top:4px solid ${accent};border-radius:6px;border-collapse:separate">
<tr><td style="padding:24px 28px 20px">
<div class="quiet" style="font-size:12px;color:#5f6b7a">Wharfgate &middot; ${escapeHtml(summary.when)}</div>
<div class="strong" style="margin-top:6px;font-size:20px;line-height:28px;font-weight:600;color:#16191d;word-break:break-word">${escapeHtml(summary.title)}</div>
</td></tr>
${summary.only === undefined ? summary.sections.map(renderSection).join("\n") : renderOnly(summary, summary.only)}
<tr><td class="rule" style="padding:16px 28px;border-top:1px solid #e2e5e9;font-size:12px">${footer(link)}</td></tr>
</table></body></html>
`;
}

const font =
  "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:14px;line-height:20px";
const mono = "font-family:ui-monospace,SFMono-Regular,Consolas,'Liberation Mono',monospace;font-size:12px";
const accents: Readonly<Record<Tone, string>> = { critical: "#c4314b", warning: "#b7791f", good: "#237b4b" };
const darkStyle = `@media (prefers-color-scheme: dark) {
.page { background:#16181c !important } .sheet { background:#1f2227 !important; border-right-color:#343941 !important; border-bottom-color:#343941 !important; border-left-color:#343941 !important }
.strong { color:#f2f4f7 !important } .quiet { color:#a3adba !important } .text { color:#d5dae1 !important }
.rule { border-color:#343941 !important } .link { color:#7db4ff !important } }`;

function renderSection({ heading, tone, note, items }: Section): string {
  return `<tr><td class="rule" style="padding:18px 28px 4px;border-top:1px solid #e2e5e9">
<span style="display:inline-block;width:9px;height:9px;border-radius:5px;background:${accents[tone]}"></span>
<span class="strong" style="font-weight:600;color:#16191d">&nbsp;${escapeHtml(heading)}</span>
<span class="quiet" style="color:#5f6b7a">&nbsp;${items.length}</span>${renderNote(note)}
</td></tr>
${items.map(renderItem).join("\n")}`;
}

/** The title says what and which already. */
function renderOnly({ sections }: Summary, item: Item): string {
  return `<tr><td class="rule" style="padding:12px 28px 16px;border-top:1px solid #e2e5e9">${renderNote(sections[0]?.note)}${renderDetails(item)}</td></tr>`;
}

function renderNote(note: string | undefined): string {
  if (note === undefined) return "";
  return `<div class="quiet" style="margin-top:2px;font-size:13px;color:#5f6b7a">${escapeHtml(note)}</div>`;
}

function renderItem(item: Item): string {
  return `<tr><td style="padding:10px 28px 12px">
<div class="strong" style="font-weight:600;color:#16191d;word-break:break-word">${escapeHtml(item.name)}</div>${renderDetails(item)}
</td></tr>`;
}

function renderDetails({ reason, facts, asides, link }: Item): string {
  const why =
    reason === undefined
      ? ""
      : `<div class="text" style="margin-top:2px;color:#2b3138;word-break:break-word">${escapeHtml(reason)}</div>`;
  const log = link === undefined ? "" : `<div style="margin-top:4px">${anchor(link, "Open log")}</div>`;
  const rows = [...facts, ...asides].map(renderFact).join("");
  return `${why}<table role="presentation" cellpadding="0" cellspacing="0" style="margin-top:4px">${rows}</table>${log}`;
}

function renderFact({ label, value }: Fact): string {
  return `<tr><td class="quiet" valign="top" style="padding:1px 16px 1px 0;font-size:12px;color:#5f6b7a;white-space:nowrap">${escapeHtml(label)}</td><td class="text" style="padding:1px 0;${mono};color:#2b3138;word-break:break-all">${escapeHtml(value)}</td></tr>`;
}

function footer(link: string | undefined): string {
  return `${link === undefined ? "" : `${anchor(link, "Open Wharfgate")} &middot; `}<span class="quiet" style="color:#5f6b7a">Sent by Wharfgate</span>`;
}

function anchor(link: string, text: string): string {
  return `<a class="link" href="${escapeHtml(link)}" style="color:#0b5cad" rel="noreferrer">${text}</a>`;
}
