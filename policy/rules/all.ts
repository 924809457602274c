import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { accounts, realmSettings } from "./accounts.ts";
import { clusterRoleBindings, roleBindings } from "./bindings.ts";
import { clients } from "./clients.ts";
import { clientRoles, clientScopes, ownAudiences } from "./clientScopes.ts";
import { applicationPaths, gatewayInStep } from "./gateway.ts";
import { storageGrantsExpire, viewersWithoutNotebooks } from "./grants.ts";
import { groups, innerGroups } from "./groups.ts";
import { ledgerIsComplete } from "./ledger.ts";
import { boundFlows, gatedApplications, loginSteps, wholeLogins } from "./logins.ts";
import { namespaceLabels } from "./namespaces.ts";
import { networkPolicies } from "./network.ts";
import { applicationObjects, objectsInPlace } from "./objects.ts";
import { ownerUnchanged } from "./owner.ts";
import { enoughIsLeft, everybodyIsAUser } from "./people.ts";
import { knownResources } from "./resources.ts";
import { composites, nothingIsStripped, realmRoles, roleScopes } from "./roles.ts";
import { secretsAreMarked, secretsStayInPlace } from "./secrets.ts";
import { size } from "./size.ts";
import { sources } from "./sources.ts";
import { bucketsStay, s3AttachmentsAreOwn, s3PoliciesAreExact } from "./storage.ts";
import { rightPlatform } from "./target.ts";

/** Rules about single resources: they stop an update before it does anything to the resource. */
export const resourceRules: readonly ResourceValidationPolicy[] = [
  knownResources,
  rightPlatform,
  realmRoles,
  nothingIsStripped,
  roleScopes,
  accounts,
  realmSettings,
  sources,
  groups,
  loginSteps,
  boundFlows,
  clients,
  clientScopes,
  applicationPaths,
  ownerUnchanged,
  roleBindings,
  clusterRoleBindings,
  networkPolicies,
  objectsInPlace,
  namespaceLabels,
  bucketsStay,
  s3PoliciesAreExact,
  s3AttachmentsAreOwn,
  secretsAreMarked,
];

/** Rules about the whole stack: in a preview they stop what follows; in an update they come when it is done. */
export const stackRules: readonly StackValidationPolicy[] = [
  composites,
  everybodyIsAUser,
  ledgerIsComplete,
  innerGroups,
  wholeLogins,
  gatedApplications,
  clientRoles,
  ownAudiences,
  applicationObjects,
  gatewayInStep,
  enoughIsLeft,
  viewersWithoutNotebooks,
  storageGrantsExpire,
  secretsStayInPlace,
  { ...size, enforcementLevel: "advisory" },
];
