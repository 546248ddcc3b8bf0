import type { BundleManifest } from "../shared/documents/bundle-manifest.ts";
import type { ReceiptImage, SiteReceipt } from "../shared/documents/site-receipt.ts";
import { shortDigest } from "../shared/model/digest.ts";
import type { AcknowledgeResult } from "../shared/steps/bundle/acknowledge-bundle.ts";
import { nameOf } from "../shared/steps/bundle/bundle-files.ts";
import type { ExportResult } from "../shared/steps/bundle/export-bundle.ts";
import { counted, sizeText, table } from "./output.ts";

export function exportLines(result: ExportResult): string[] {
  const { images, blobs, bytes, manifests, kind, basis } = result;
  return [
    `${result.place}: bundle ${result.sequence} for ${result.site}`,
    ...table([
      ["id", result.id],
      [
        "kind",
        kind === "full"
          ? "full: nothing is assumed of the site"
          : `delta: without what ${basis?.registry} has, by the receipt ${basis?.receipt.slice(0, 12)}`,
      ],
      ["images", `${images.listed}, of which ${images.standing} stand at the site already`],
      ["in it", `${counted(manifests, "manifest")}, ${counted(blobs.included, "blob")}`],
      ...(images.standing === images.listed
        ? []
        : [
            [
              "left out",
              `${counted(blobs.leftOut, "part")} of ${images.standing === 0 ? "them" : "the others"} that the site has, ${sizeText(bytes.leftOut)}`,
            ] as const,
          ]),
      [
        "file",
        `${sizeText(bytes.file)}${bytes.kept === 0 ? "" : `, of which ${sizeText(bytes.kept)} were there from an export that broke off`}`,
      ],
    ]),
    ...(images.listed === 0
      ? [
          `Nothing waits for ${result.site} by the method bundle: name what is in already by --watch or --image.`,
        ]
      : []),
    ...(images.listed > 0 && images.standing === images.listed
      ? [`${result.site} has all of it already: there is nothing to carry, and the file need not be kept.`]
      : []),
    ...result.unfit.map((line) => `Not in it: ${line}`),
  ];
}

/** What a bundle says of itself, before anything is sent. */
export function bundleLines(manifest: BundleManifest, keyId: string): string[] {
  const { sequence, site, created, images, blobs, assumes, kind } = manifest;
  const bytes = blobs.reduce((total, { size }) => total + size, 0);
  const left = assumes.length === 0 ? "" : `; ${counted(assumes.length, "part")} must be here already`;
  return [
    `Bundle ${sequence} (${kind}) for ${site}, of ${created}, signed by ${shortDigest(keyId)}`,
    `${counted(images.length, "image")}, ${counted(blobs.length, "file")}, ${sizeText(bytes)}${left}`,
    "All of it is read and verified before anything is sent",
  ];
}

export function toldLine(image: ReceiptImage): string {
  const reason = image.reason === undefined ? "" : `: ${image.reason}`;
  return `  ${image.outcome.padEnd(8)}  ${nameOf(image)}  ${shortDigest(image.digest)}${reason}`;
}

export function receiptLines({ moved, images, registry, inventory }: SiteReceipt, written: string): string[] {
  const count = (outcome: ReceiptImage["outcome"]) =>
    images.filter((each) => each.outcome === outcome).length;
  const stands = inventory.reduce((total, { manifests }) => total + manifests.length, 0);
  return [
    ...table([
      ["registry", registry],
      [
        "images",
        `${count("imported")} imported, ${count("present")} were there, ${count("refused")} refused`,
      ],
      [
        "sent",
        `${counted(moved.blobs, "blob")}, ${sizeText(moved.bytes)}; ${moved.skipped} were there or mounted`,
      ],
      [
        "inventory",
        `${counted(stands, "manifest")} in ${counted(inventory.length, "repository", "repositories")}`,
      ],
      ["receipt", written],
    ]),
    ...images
      .filter(({ outcome }) => outcome === "refused")
      .map((image) => `Refused: ${toldLine(image).trim()}`),
  ];
}

export function acknowledgeLines(result: AcknowledgeResult): string[] {
  const { images, inventory, refused, bundle, kind, settled, aheadMs } = result;
  const of = bundle === undefined ? "of no bundle of ours" : `of bundle ${bundle.sequence}`;
  return [
    `Receipt ${result.receipt.slice(0, 12)}… of ${result.site}, ${of}: ${kind === "new" ? "signature verified, kept" : "acknowledged before, kept again"}`,
    ...table([
      ["images", `${images.imported} imported, ${images.present} were there, ${refused.length} refused`],
      [
        "inventory",
        `${counted(inventory.tags, "tag")}, ${counted(inventory.manifests, "manifest")}, ${counted(inventory.blobs, "blob")} in ${counted(inventory.repositories, "repository", "repositories")}`,
      ],
      ["imports", `${settled} that waited for it go on now`],
    ]),
    ...refused.map((image) => `Refused: ${toldLine(image).trim()}`),
    ...(aheadMs === undefined
      ? []
      : [`The clock of ${result.site} is ${Math.round(aheadMs / 60_000)} minutes ahead of this one's.`]),
  ];
}
