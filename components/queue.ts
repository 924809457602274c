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
   * Takes a component, by one of the last of its resources that the engine comes to.
   *
   * @returns when there is room for another
   */
  async add(last: Pick<pulumi.Resource, "urn"> | undefined): Promise<void> {
    this.#entries.push(isThrough(last));
    await this.#entries.at(-limit);
  }

  /** When the engine has come to all of them. */
  async emptied(): Promise<void> {
    await Promise.all(this.#entries);
  }
}

/**
 * When the engine has made a resource, or refused it and goes on (`--continue-on-error`). Where it stops instead it
 * answers no more, and the program ends here.
 */
async function isThrough(resource: Pick<pulumi.Resource, "urn"> | undefined): Promise<void> {
  if (!resource) return;
  await new Promise<void>((resolve) => {
    pulumi
      .recover(resource.urn, () => "")
      .apply(() => {
        resolve();
      });
  });
}
