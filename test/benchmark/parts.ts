import { Project } from "../live/support/stack.ts";
import { create, preview, stack } from "./commands.ts";
import { generate, type Size } from "./desiredState.ts";
import { type Measured, median, oneAfterTheOther, repeat } from "./measure.ts";
import { type Line, timed } from "./table.ts";

/** How many stacks the content is spread over. */
export const parts = 4;

/** The same content in several stacks of one platform, each with users and workspaces of its own. */
export async function measureParts({ workspaces, users }: Size, runs: number): Promise<Line[]> {
  const size = { workspaces: Math.ceil(workspaces / parts), users: Math.ceil(users / parts) };
  const all = Array.from({ length: parts }, (_, index) => {
    const name = `${stack}-${index}`;
    return { name, project: new Project(name, generate(name, size, `p${index}-`).files) };
  });
  try {
    for (const { name, project } of all) {
      await project.pulumi("stack", "select", "--create");
      await create(project.folder, name);
    }
    const one = ({ name, project }: (typeof all)[number]) => preview(project.folder, name);
    const single = await repeat(runs, () => oneAfterTheOther(all.slice(0, 1), one));
    const sequence = await repeat(runs, () => oneAfterTheOther(all, one));
    const together = await repeat(runs, async () => atOnce(await Promise.all(all.map(one))));
    return [
      timed(`preview of 1 of ${parts} stacks of ${size.workspaces}/${size.users}`, median(single), runs),
      timed(`preview of all ${parts}, one after the other`, median(sequence), runs),
      timed(`preview of all ${parts} at once`, median(together), runs),
    ];
  } finally {
    for (const { project } of all) project.dispose();
  }
}

function atOnce(runs: readonly Measured[]): Measured {
  return {
    seconds: Math.max(...runs.map(({ seconds }) => seconds)),
    megabytes: runs.reduce((sum, { megabytes }) => sum + megabytes, 0),
    output: "",
  };
}
