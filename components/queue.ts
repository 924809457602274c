import * as pulumi from "@pulumi/pulumi";

/** How many components are with the engine at a time: enough that it never waits for the program. */
const limit = 8;

/**
 * Keeps the program from running ahead of the engine. The engine takes resources in the order of their arrival, so
 * behind everything else would come what waits for another's output, such as a member's binding for its namespace.
 */
export class Queue {
  readonly #entries: Promise<void>[] = [];

  /**
   * Takes a component, by the resource of it that the engine comes to last.
   *
   * @returns when there is room for another
   */
  async add(last: pulumi.Resource | undefined): Promise<void> {
    this.#entries.push(isThrough(last));
    await this.#entries.at(-limit);
  }

  /** When the engine is through with all of them. */
  async emptied(): Promise<void> {
    await Promise.all(this.#entries);
  }
}

/** When the engine has made or refused a resource. What was refused stops what depends on it, and nothing else. */
async function isThrough(resource: pulumi.Resource | undefined): Promise<void> {
  if (!resource) return;
  await new Promise<void>((resolve) => {
    pulumi
      .recover(resource.urn, () => "")
      .apply(() => {
        resolve();
      });
  });
}
