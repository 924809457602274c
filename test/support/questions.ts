import type { Question } from "../../access/can.ts";
import { type Action, type Intended, kubernetesRequests } from "./intended.ts";

/** Everything that is tried in a workspace; of the store only where it has buckets. */
export function actionsIn(workspace: string, hasBuckets: boolean): Action[] {
  return [
    ...kubernetesRequests.map(({ verb, resource }) => ({ plane: "kubernetes" as const, workspace, verb, resource })),
    ...(hasBuckets ? (["data", "mlpipeline"] as const) : []).flatMap((bucket) =>
      (["list", "get", "put", "delete"] as const).map((verb) => ({
        plane: "storage" as const,
        workspace,
        verb,
        bucket,
      })),
    ),
    { plane: "network", workspace, through: "gateway" },
    { plane: "network", workspace, through: "pipelines" },
  ];
}

/** An action as `access can` is asked about it. */
export function asked(user: string, action: Action): Question {
  const { plane, workspace } = action;
  switch (plane) {
    case "kubernetes":
      return { user, verb: action.verb, resource: `${workspace}/${action.resource}` };
    case "storage":
      return { user, verb: action.verb, resource: `s3://${workspace}-${action.bucket}/probe` };
    case "network":
      return { user, verb: "open", resource: action.through === "gateway" ? workspace : `${workspace}/pipelines` };
  }
}

/** Effective access as `access why` calls it. */
export function inWords(intended: Intended, username: string, workspace: string): string {
  const level = intended.kubernetes(username, workspace);
  const storage = intended.storage(username, workspace);
  if (level === "none") return storage === "none" ? "none" : `s3:${storage}`;
  const marks = [
    ...(intended.network(username, workspace) === "pipelines" ? ["no notebooks"] : []),
    ...(storage === level ? [] : [`s3:${storage}`]),
  ];
  return marks.length > 0 ? `${level} (${marks.join(", ")})` : level;
}
