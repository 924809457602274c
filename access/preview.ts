import * as z from "zod";
import { compare } from "./diagnostic.ts";

/** What `pulumi preview` would do, without any value: names and keys only, so that no secret can be among it. */
export interface PreviewSummary {
  readonly steps: readonly {
    /** `create`, `update`, `delete`, `replace`, `import`, ... */
    readonly op: string;
    readonly type: string;
    readonly name: string;
    /** Keys that differ. */
    readonly keys: readonly string[];
  }[];
  readonly unchanged: number;
  readonly violations: readonly PolicyViolation[];
  /** Policy packs that looked; empty for none. */
  readonly packs: readonly string[];
  /** What the program says of the desired state: lines with file, line and column. */
  readonly errors: readonly string[];
  /** Whether the preview came to its end. */
  readonly isComplete: boolean;
}

export interface PolicyViolation {
  readonly policy: string;
  readonly level: string;
  readonly resource: string;
  readonly message: string;
}

const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  keys: z.array(z.string()).nullish(),
  diffs: z.array(z.string()).nullish(),
});

const event = z.object({
  resourcePreEvent: z.object({ metadata }).optional(),
  diagnosticEvent: z.object({ severity: z.string(), message: z.string() }).optional(),
  policyEvent: z
    .object({
      policyName: z.string(),
      policyPackName: z.string(),
      enforcementLevel: z.string(),
      message: z.string(),
      resourceUrn: z.string().optional(),
    })
    .optional(),
  policyAnalyzeSummaryEvent: z.object({ policyPackName: z.string() }).optional(),
  policyAnalyzeStackSummaryEvent: z.object({ policyPackName: z.string() }).optional(),
  summaryEvent: z
    .object({ PolicyPacks: z.record(z.string(), z.string()).nullish(), result: z.string().optional() })
    .optional(),
});

/**
 * Reads the events that `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json` prints, one a line.
 *
 * @throws {RangeError} when a line is none
 */
export function summarize(events: string): PreviewSummary {
  const parsed = events
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      const result = event.safeParse(json(line, index));
      if (!result.success) throw notAnEvent(index);
      return result.data;
    });
  const all = parsed.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  const steps = all
    .filter(({ op }) => op !== "same" && op !== "read")
    .map(({ op, urn, type, diffs }) => ({
      op,
      type: shortType(type),
      name: nameIn(urn),
      keys: (diffs ?? []).toSorted(compare),
    }))
    .toSorted((a, b) => rank(a.op) - rank(b.op) || compare(a.type, b.type) || compare(a.name, b.name));
  const summary = parsed.findLast(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
  return {
    steps,
    unchanged: all.length - steps.length,
    violations: parsed
      .flatMap(({ policyEvent }) => policyEvent ?? [])
      .map(({ policyName, enforcementLevel, message, resourceUrn = "" }) => ({
        policy: policyName,
        level: enforcementLevel,
        resource: nameIn(resourceUrn),
        message: firstLine(message),
      }))
      .toSorted(
        (a, b) => compare(a.policy, b.policy) || compare(a.resource, b.resource) || compare(a.message, b.message),
      ),
    packs: [
      ...new Set([
        ...Object.keys(summary?.PolicyPacks ?? {}).map((pack) => pack.split("|")[0] ?? pack),
        ...parsed.flatMap(({ policyAnalyzeSummaryEvent: a, policyAnalyzeStackSummaryEvent: b }) => [
          ...(a ? [a.policyPackName] : []),
          ...(b ? [b.policyPackName] : []),
        ]),
      ]),
    ].toSorted(compare),
    errors: [
      ...new Set(
        parsed.flatMap(({ diagnosticEvent: found }) =>
          found?.severity === "error"
            ? found.message
                .replaceAll(/<\{%[^%]*%\}>/g, "")
                .split("\n")
                .filter(isOurs)
            : [],
        ),
      ),
    ],
    isComplete: summary?.result === "succeeded",
  };
}

function json(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw notAnEvent(index);
  }
}

function notAnEvent(index: number): RangeError {
  return new RangeError(
    `line ${index + 1} is no event of pulumi preview; run it with --json and PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true`,
  );
}

/** What this program says itself has a place and a code; what others say could hold a secret. */
function isOurs(line: string): boolean {
  return /^\S+:\d+:\d+ [a-z-]+: /.test(line.trim()) || /^(?:guard|refused): /.test(line.trim());
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

/** `keycloak:Role` for `keycloak:index/role:Role`. */
function shortType(type: string): string {
  const [pack = "", , kind = ""] = type.split(":");
  return `${pack}:${kind}`;
}

function rank(op: string): number {
  const order = ["delete", "delete-replaced", "discard", "replace", "create-replacement", "update", "import", "create"];
  const found = order.indexOf(op);
  return found < 0 ? order.length : found;
}
