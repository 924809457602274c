import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { FlowStep, LoginFlow as PlannedFlow } from "../access/identity.ts";
import { ownershipText } from "./ownership.ts";

export interface LoginFlowArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** The flow's steps in their order. */
  flow: PlannedFlow;
  /** What comes before: Keycloak fails at times when two flows of a realm change at once (keycloak/keycloak#11588). */
  after: pulumi.Resource | undefined;
}

/** One login flow in Keycloak with its steps, which may have steps of their own. */
export class LoginFlow extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:LoginFlow";

  /** The flow's alias, known when all of it is in place: nobody may log in by half of it. */
  readonly alias: pulumi.Output<string>;
  /** Its identifier, known when all of it is in place. */
  readonly flowId: pulumi.Output<string>;
  /** Its last step. */
  readonly last: pulumi.Resource;

  constructor(name: string, { realmId, flow, after }: LoginFlowArgs, opts?: pulumi.ComponentResourceOptions) {
    super(LoginFlow.__pulumiType, name, { alias: flow.alias }, opts);
    const created = new keycloak.authentication.Flow(
      `${name}-flow`,
      { realmId, alias: flow.alias, description: ownershipText(flow.description), providerId: "basic-flow" },
      { parent: this, dependsOn: after ? [after] : [] },
    );
    const last = this.addSteps(name, realmId, created, flow.steps);
    this.alias = pulumi.all([created.alias, last.id]).apply(([alias]) => alias);
    this.flowId = pulumi.all([created.id, last.id]).apply(([id]) => id);
    this.last = last;
    this.registerOutputs({ alias: flow.alias });
  }

  /** One after the other, and the last one made. */
  private addSteps(
    name: string,
    realmId: pulumi.Input<string>,
    parent: keycloak.authentication.Flow | keycloak.authentication.Subflow,
    steps: readonly FlowStep[],
  ): pulumi.CustomResource {
    let last: pulumi.CustomResource = parent;
    for (const [index, step] of steps.entries()) {
      const path = `${name}-${step.step.replaceAll(" ", "-")}`;
      const priority = (index + 1) * 10;
      const common = { realmId, parentFlowAlias: parent.alias, requirement: step.requirement, priority };
      const opts = { parent: this, dependsOn: [last] };
      if ("authenticator" in step) {
        const execution = new keycloak.authentication.Execution(
          path,
          { ...common, authenticator: step.authenticator },
          opts,
        );
        last = step.config
          ? new keycloak.authentication.ExecutionConfig(
              `${path}-config`,
              { realmId, executionId: execution.id, alias: path, config: step.config },
              { parent: this },
            )
          : execution;
        continue;
      }
      const inner = new keycloak.authentication.Subflow(
        path,
        // Aliases are unique in the realm, those of Keycloak's own flows included.
        { ...common, alias: `prokube-access ${path}`, providerId: "basic-flow" },
        opts,
      );
      last = this.addSteps(path, realmId, inner, step.steps);
    }
    return last;
  }
}
