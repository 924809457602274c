import * as keycloak from "@pulumi/keycloak";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  type Allowed,
  type DexApplication,
  endpoints,
  environmentOf,
  type KeycloakApplication,
  type RegisteredApplication,
} from "../access/application.ts";
import { applicationFlow } from "../access/identity.ts";
import { applicationScope, groupsScope } from "../access/names.ts";
import type { Plan } from "../access/resolve.ts";
import { LoginFlow } from "./loginFlow.ts";
import { type Imports, ownershipAttributes, ownershipLabels, takenOver } from "./ownership.ts";

export interface ApplicationArgs {
  /** The realm. */
  realmId: pulumi.Input<string>;
  /** The whole plan: login flows repeat what the realm asks of people. */
  plan: Plan;
  /** The application as resolved. */
  application: RegisteredApplication;
  /** Client scopes that Keycloak has by itself. */
  builtInScopes: readonly string[];
  /** What has to be there first: the client scope of groups, and the workspace whose namespace it runs in. */
  ready: readonly pulumi.Resource[];
  /** Identity providers, whose gates have to be there before anybody logs in. */
  providers: readonly pulumi.Resource[];
  /** The last step of the login flows so far. */
  after: pulumi.Resource | undefined;
  /** A secret for a new client of Dex. It counts only when the client, or another version of its keys, is new. */
  newSecret: string;
  /** Objects that exist already and may be taken over. */
  imports: Imports;
}

/**
 * An application behind the platform's login (seed 004): its client, and what it is told of that in its namespace.
 * Clients of Dex and exemptions at the gateway are kept in documents that others write too, so they come together.
 */
export class Application extends pulumi.ComponentResource {
  static readonly __pulumiType: string = "prokube:access:Application";

  /** Secret of the client. Secret. */
  readonly clientSecret: pulumi.Output<string>;
  /** The last step of its login flow, or what came before. */
  readonly lastStep: pulumi.Resource | undefined;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { application, plan } = args;
    const { auth, clientId, namespace } = application;
    super(Application.__pulumiType, name, { ...factsOf(application) }, opts);
    const registered =
      application.auth === "keycloak"
        ? this.register(name, args, application)
        : this.drawSecret(name, args, application);
    this.clientSecret = registered.secret;
    this.lastStep = registered.lastStep;
    this.tell(name, args);
    this.registerOutputs({ auth, clientId, namespace, ...endpoints(plan.platform, application) });
  }

  private register(
    name: string,
    { realmId, plan, builtInScopes, ready, providers, after, imports }: ApplicationArgs,
    application: KeycloakApplication,
  ): { secret: pulumi.Output<string>; lastStep: pulumi.Resource | undefined } {
    const { clientId, redirectUris, webOrigins, logoutUris, keyVersion, allow } = application;
    const flow = allow && this.gate(name, realmId, plan, application, after);
    const scope = allow && this.markLogins(name, realmId);
    const client = new keycloak.openid.Client(
      `${name}-client`,
      {
        realmId,
        clientId,
        name: application.name,
        description: application.description ?? `Application ${application.name}`,
        enabled: true,
        accessType: "CONFIDENTIAL",
        standardFlowEnabled: true,
        implicitFlowEnabled: false,
        directAccessGrantsEnabled: false,
        serviceAccountsEnabled: false,
        // Roles of workspaces are none of its business: its tokens open neither Kubernetes nor S3.
        fullScopeAllowed: false,
        validRedirectUris: [...redirectUris],
        // "+" is Keycloak's word for the redirect addresses.
        validPostLogoutRedirectUris: logoutUris.length > 0 ? [...logoutUris] : ["+"],
        webOrigins: [...webOrigins],
        clientSecretRegenerateWhenChanged: { keyVersion: String(keyVersion) },
        ...(flow && { authenticationFlowBindingOverrides: { browserId: flow.flowId } }),
        extraConfig: { ...ownershipAttributes(), "oidc.ciba.grant.enabled": "false" },
      },
      {
        parent: this,
        additionalSecretOutputs: ["clientSecret"],
        dependsOn: allow ? [...providers] : [],
        ...takenOver(imports, "client", clientId),
      },
    );
    const common = { realmId, clientId: client.id };
    new keycloak.openid.AudienceProtocolMapper(
      `${name}-audience`,
      { ...common, name: "audience", includedCustomAudience: clientId, addToIdToken: false, addToAccessToken: true },
      { parent: this },
    );
    const optional = new keycloak.openid.ClientOptionalScopes(
      `${name}-optional-scopes`,
      { ...common, optionalScopes: ["offline_access"] },
      { parent: this },
    );
    // A scope is either, so the other list gives it up first.
    const defaults = new keycloak.openid.ClientDefaultScopes(
      `${name}-scopes`,
      {
        ...common,
        defaultScopes: [...builtInScopes, "profile", "email", groupsScope, ...(scope ? [scope.name] : [])],
      },
      { parent: this, dependsOn: [...ready, optional] },
    );
    // Nobody gets a token before the scopes are right: until then the application does not know its secret.
    const secret = pulumi.all([client.clientSecret, defaults.id]).apply(([value]) => value);
    return { secret: pulumi.secret(secret), lastStep: flow?.last ?? after };
  }

  /** Logins go through a flow of their own that lets in whom `allow` names. */
  private gate(
    name: string,
    realmId: pulumi.Input<string>,
    plan: Plan,
    application: KeycloakApplication,
    after: pulumi.Resource | undefined,
  ): LoginFlow {
    return new LoginFlow(
      `${name}-login`,
      { realmId, flow: applicationFlow(plan, application), after },
      { parent: this },
    );
  }

  /** Login flows of the whole realm know by it which application somebody logs in to. */
  private markLogins(name: string, realmId: pulumi.Input<string>): keycloak.openid.ClientScope {
    return new keycloak.openid.ClientScope(
      `${name}-scope`,
      {
        realmId,
        name: applicationScope(name),
        description: `Logins to ${name}`,
        includeInTokenScope: false,
        extraConfig: ownershipAttributes(),
      },
      { parent: this },
    );
  }

  /** Dex keeps no secrets, so it is kept in the stack's state, encrypted. */
  private drawSecret(
    name: string,
    { newSecret, after }: ApplicationArgs,
    { keyVersion }: DexApplication,
  ): { secret: pulumi.Output<string>; lastStep: pulumi.Resource | undefined } {
    const drawn = new pulumi.Stash(
      `${name}-secret-${keyVersion}`,
      { input: pulumi.secret(newSecret) },
      // A new one is drawn in every run; only the first counts.
      { parent: this, ignoreChanges: ["input"] },
    );
    return { secret: pulumi.secret(drawn.output as pulumi.Output<string>), lastStep: after };
  }

  private tell(name: string, { plan, application, ready, imports }: ApplicationArgs): void {
    const { namespace, secret, environment, clientId } = application;
    const object = (kind: "Secret" | "ConfigMap", objectName: string) => ({
      metadata: { name: objectName, namespace, labels: ownershipLabels() },
      options: {
        parent: this,
        dependsOn: [...ready],
        // What is taken over says its type, and a Secret whose type is to go would be replaced.
        ignoreChanges: kind === "Secret" ? ["type"] : [],
        ...takenOver(imports, kind, `${namespace}/${objectName}`),
      },
    });
    const keys = object("Secret", secret.name);
    new kubernetes.core.v1.Secret(
      `${name}-keys`,
      {
        metadata: keys.metadata,
        stringData: { [secret.idKey]: clientId, [secret.secretKey]: this.clientSecret },
      },
      keys.options,
    );
    if (environment === undefined) return;
    const settings = object("ConfigMap", environment);
    new kubernetes.core.v1.ConfigMap(
      `${name}-environment`,
      { metadata: settings.metadata, data: environmentOf(plan.platform, application) },
      settings.options,
    );
  }
}

/** What policies see of an application. */
function factsOf(application: RegisteredApplication): pulumi.Inputs {
  const { name, auth, clientId, namespace, redirectUris, paths } = application;
  return {
    application: name,
    auth,
    clientId,
    namespace,
    redirectUris,
    paths: paths.map(({ path }) => path),
    ...(application.auth === "keycloak" && application.allow && { allow: allowedBy(application.allow) }),
  };
}

function allowedBy({ groups, roles }: Allowed): pulumi.Inputs {
  return { groups, roles };
}
