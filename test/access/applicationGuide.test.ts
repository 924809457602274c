import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { endpoints, environmentOf, type RegisteredApplication } from "../../access/application.ts";
import { applicationGuide } from "../../access/applicationGuide.ts";
import { type Plan, resolve } from "../../access/resolve.ts";
import { desired } from "./support.ts";

const platform = "domain: cluster.example.com\nmasterAdmins: [root-1, root-2]\n";

function planOf(application: string, more = ""): Plan {
  const [, name = ""] = /^name: (\S+)/.exec(application) ?? [];
  const files = { "platform.yaml": platform + more, [`applications/${name}.yaml`]: application };
  return resolve(desired(files), "2026-11-27");
}

function guideOf(plan: Plan): string {
  const [application] = plan.applications;
  assert.ok(application);
  return applicationGuide(plan, application);
}

function blocks(guide: string, language: string): string[] {
  return [...guide.matchAll(/^```(\w+)\n([\s\S]*?)\n```$/gm)].flatMap(([, of, text = ""]) =>
    of === language ? [text] : [],
  );
}

/** Cells of the first table, without their marks. */
function cells(guide: string): Readonly<Record<string, string>> {
  const rows = guide.split("\n").filter((line) => line.startsWith("| "));
  return Object.fromEntries(
    rows.map((row) => {
      const [, what = "", value = ""] = row.split(/(?<!\\)\|/);
      return [what.trim(), value.trim()];
    }),
  );
}

const charts = [
  "name: charts",
  "auth: keycloak",
  "namespace: charts",
  'redirectUris: ["https://cluster.example.com/charts/callback", "https://cluster.example.com/charts/`|x"]',
  'paths: ["/charts/*"]',
  "",
].join("\n");

test("an application with headers learns which arrive, and to trust them from the gateway only", () => {
  const plan = planOf(
    'name: labs\nauth: headers\nnamespace: labs\npaths: ["/labs/*"]\n',
    "istio: { userIdHeader: x-user, userIdPrefix: 'a\"ccounts:', gatewayPrincipal: cluster.local/ns/edge/sa/gate }\n",
  );
  const guide = guideOf(plan);
  assert.deepEqual(cells(guide), {
    header: "content",
    "---": "---",
    "`x-user`": '`a"ccounts:` and the e-mail address',
    "`kubeflow-groups`":
      "the groups, separated by commas, without a leading slash; absent or empty for whoever has none",
  });
  const [policy = ""] = blocks(guide, "yaml");
  assert.deepEqual(parse(policy), {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: "labs-from-gateway", namespace: "labs" },
    spec: {
      selector: { matchLabels: { app: "labs" } },
      action: "ALLOW",
      rules: [{ from: [{ source: { principals: ["cluster.local/ns/edge/sa/gate"] } }] }],
    },
  });
  assert.match(guide, /Under `\/labs\/\*`, by a VirtualService at the gateway `kubeflow\/kubeflow-gateway`\./);
  const [python = ""] = blocks(guide, "python");
  assert.match(python, /^USER_HEADER = "x-user"\nUSER_PREFIX = "a\\"ccounts:"\nGROUPS_HEADER = "kubeflow-groups"$/m);
  const [go = ""] = blocks(guide, "go");
  assert.match(go, /userHeader {3}= "x-user"\n\tuserPrefix {3}= "a\\"ccounts:"\n\tgroupsHeader = "kubeflow-groups"/);
});

test("an application of Keycloak learns all it has to be set to", () => {
  const plan = planOf(charts);
  const guide = guideOf(plan);
  const addresses = endpoints(plan.platform, { auth: "keycloak" });
  assert.deepEqual(cells(guide), {
    what: "value",
    "---": "---",
    "client id": "`charts-client`",
    issuer: `\`${addresses.issuer}\``,
    discovery: `\`${addresses.discovery}\``,
    authorization: `\`${addresses.authorization}\``,
    token: `\`${addresses.token}\``,
    "user info": `\`${addresses.userInfo}\``,
    JWKS: `\`${addresses.jwks}\``,
    scopes: "`openid profile email groups`",
    Secret:
      "`charts-oidc-secret` in namespace `charts`: `client-id` is the client id, `client-secret` the client secret",
    "redirect addresses": "`https://cluster.example.com/charts/callback`, ``https://cluster.example.com/charts/`\\|x``",
    "after a logout": "the redirect addresses",
    "web origins": "`https://cluster.example.com`",
  });
  assert.match(guide, /with a leading slash, such as `\/pk-user`/);
  assert.match(guide, /^Everybody with an account\./m);
  assert.match(guide, /ask for the scope `offline_access` as well/);
  assert.match(guide, /^`\/charts\/\*`: exempted from the platform's own login in both policies/m);
  assert.match(guide, /`access doctor charts --user <username>`\.\n$/);
});

test("the settings of its Deployment are those that the doctor looks for", () => {
  const plan = planOf(charts);
  const [application] = plan.applications as readonly RegisteredApplication[];
  assert.ok(application);
  const { env } = parse(blocks(guideOf(plan), "yaml")[0] ?? "") as {
    env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  };
  assert.deepEqual(
    Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    environmentOf(plan.platform, application),
  );
  assert.deepEqual(
    env.filter(({ valueFrom }) => valueFrom !== undefined),
    [
      { name: "OIDC_CLIENT_ID", valueFrom: { secretKeyRef: { name: "charts-oidc-secret", key: "client-id" } } },
      { name: "OIDC_CLIENT_SECRET", valueFrom: { secretKeyRef: { name: "charts-oidc-secret", key: "client-secret" } } },
    ],
  );
  const withMap = guideOf(
    planOf(`${charts}environment: charts-env\nsecret: { name: keys, idKey: id, secretKey: "true" }\n`),
  );
  assert.deepEqual(parse(blocks(withMap, "yaml")[0] ?? ""), {
    envFrom: [{ configMapRef: { name: "charts-env" } }],
    env: [
      { name: "OIDC_CLIENT_ID", valueFrom: { secretKeyRef: { name: "keys", key: "id" } } },
      { name: "OIDC_CLIENT_SECRET", valueFrom: { secretKeyRef: { name: "keys", key: "true" } } },
    ],
  });
  assert.match(withMap, /\| ConfigMap \| `charts-env` in the same namespace/);
});

test("it learns who may log in, and how long what it gets lives", () => {
  const guide = guideOf(
    planOf(
      `${charts}allow: [{ group: data-science }, { role: chart-reader }]\n`,
      "realmRoles: [{ name: chart-reader }]\nrealmManagement: all\n",
    ),
  );
  assert.match(
    guide,
    /^Only members of `data-science`, and holders of the realm roles `chart-reader`\. Keycloak refuses everybody else/m,
  );
  assert.match(
    guide,
    /an access token lives 5m, an idle session 30m, any session at most 10h, an idle offline token 30d/,
  );
});

test("an application of Dex learns of its scopes and of groups without a slash", () => {
  const mon = 'name: mon\nauth: dex\nnamespace: mon\nredirectUris: ["https://mon.example.com/cb"]\n';
  const guide = guideOf(planOf(mon, "clients: { dex: {} }\n"));
  const { issuer, scopes, Secret } = cells(guide);
  assert.deepEqual(
    [issuer, scopes],
    ["`https://cluster.example.com/dex`", "`openid profile email groups offline_access`"],
  );
  assert.match(Secret ?? "", /`OIDC_CLIENT_ID` is the client id, `OIDC_CLIENT_SECRET` the client secret$/);
  assert.match(
    guide,
    /names without a leading slash, such as `kubeflow-user`\. They are the free realm roles of a person/,
  );
  assert.match(guide, /Dex gives a refresh token only to whoever asks for the scope `offline_access`/);
  assert.match(guide, /^No path is exempted from the platform's own login\./m);
  assert.doesNotMatch(guide, /web origins/);
});

test("a description is text, whatever it looks like", () => {
  const shown = (written: string) =>
    guideOf(planOf(`${charts}description: ${JSON.stringify(written)}\n`)).split("\n")[2] ?? "";
  for (const written of [
    "# A `title` <b>&amp;</b> of *all* [x](y) | more",
    "asks @octocat and @example/team",
    "as http://evil.example.com, HTTPS://evil.example.com and www.evil.example.com say",
    "1. first",
    "2) second",
    "- no list",
    "+ no list",
    "=== no title",
  ]) {
    const line = shown(written);
    assert.doesNotMatch(line.replaceAll(/&#\d+;/g, "x"), /[`*<>[\]@]|^[-+=#]|^\d+[.)]|:\/\/|www\./i, written);
    const said = line.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
    assert.match(said, new RegExp(written.slice(0, 8).replaceAll(/[+*()]/g, "\\$&")), "the words are there");
  }
  assert.equal(shown("plain - text, 2.5 of it"), "plain - text, 2.5 of it");
  assert.match(guideOf(planOf(charts)), /^# charts\n\nThe application logs/);
});
