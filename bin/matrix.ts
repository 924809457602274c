import { parseArgs } from "node:util";
import { markdownTable, plain } from "../access/markdown.ts";
import { type Matrix, matrixOf, renderMatrix } from "../access/matrix.ts";
import { exactly, print, printJson, readState, stateOptions } from "./options.ts";
import { currentRevision } from "./revisions.ts";

const formats = ["table", "markdown", "csv", "html", "json"] as const;

/** Who may do what, in one of several formats. */
export async function matrix(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...stateOptions, format: { type: "string" } },
  });
  exactly(positionals);
  if (values.json && values.format !== undefined && values.format !== "json") {
    throw new RangeError(`--json and --format ${values.format} contradict each other; give one`);
  }
  const format = formats.find((known) => known === (values.format ?? (values.json ? "json" : "table")));
  if (format === undefined) {
    throw new RangeError(`--format is ${JSON.stringify(values.format)}; allowed: ${formats.join(", ")}`);
  }
  const { desired, plan } = readState(values);
  switch (format) {
    case "table":
      print(renderMatrix(desired, plan));
      break;
    case "markdown":
      print(markdown(matrixOf(desired, plan)));
      break;
    case "csv":
      print(csv(matrixOf(desired, plan)));
      break;
    case "html": {
      const { renderReport } = await import("../access/report.ts");
      const revision = currentRevision();
      print(renderReport(values.stack, desired, plan, revision === undefined ? {} : { revision }));
      break;
    }
    case "json":
      printJson({ stack: values.stack, date: plan.date, ...matrixOf(desired, plan) });
      break;
  }
  return 0;
}

function markdown(all: Matrix): string {
  const table = (rows: readonly (readonly string[])[]) => markdownTable(rows.map((row) => row.map(plain)));
  const { head, rows, applications, realmRoles, legend } = all;
  return [
    ...table([head, ...rows]),
    ...(applications.length > 0 ? ["", ...table([["application", "who may log in"], ...applications])] : []),
    ...(realmRoles.length > 0 ? ["", ...table([["realm role", "who holds it"], ...realmRoles])] : []),
    "",
    ...legend.map((line) => `- ${listItem(line)}`),
  ].join("\n");
}

/** A list's line that begins like one would be a list in the list. */
function listItem(line: string): string {
  return plain(line).replace(/^[-+]/, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** RFC 4180. What a spreadsheet would take for a formula gets a quote in front. */
function csv({ head, rows, applications, realmRoles }: Matrix): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) && text !== "-" ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lists = [
    ...applications.map(([name, who]) => [`application ${name}`, who]),
    ...realmRoles.map(([name, who]) => [`realm role ${name}`, who]),
  ];
  return [head, ...rows, ...(lists.length > 0 ? [[], ...lists] : [])]
    .map((row) => row.map(cell).join(","))
    .join("\r\n");
}
