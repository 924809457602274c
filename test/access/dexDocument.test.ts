import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import {
  baseProblems,
  connectorFindings,
  type DexClient,
  DocumentProblem,
  documentProblems,
  mergedDocument,
  renderedDocument,
  staticClientsIn,
} from "../../access/dexDocument.ts";

function client(name: string, uri = `https://cluster.example.com/${name}/callback`): DexClient {
  const variable = name.toUpperCase().replaceAll("-", "_");
  return {
    id: `${name}-oidc-client`,
    name,
    redirectURIs: [uri],
    idVariable: `${variable}_OIDC_CLIENT_ID`,
    secretVariable: `${variable}_OIDC_CLIENT_SECRET`,
  };
}

/** The lines that stand for clients, as the test knows them. */
function block(stack: string, names: readonly string[], indent = ""): string {
  const lines = names.flatMap((name) => {
    const { id, idVariable, secretVariable, redirectURIs } = client(name);
    return [
      `- idEnv: ${idVariable} # ${id}`,
      `  name: "${name}"`,
      "  redirectURIs:",
      `    - "${redirectURIs[0] ?? ""}"`,
      `  secretEnv: ${secretVariable}`,
    ];
  });
  return [`# prokube-access/${stack}: applications, do not edit`, ...lines, `# prokube-access/${stack}: end`]
    .map((line) => `${indent}${line}\n`)
    .join("");
}

/** kubeflow/manifests, common/dex/base/config-map.yaml. */
const kubeflow = `issuer: http://dex.auth.svc.cluster.local:5556/dex
storage:
  type: kubernetes
  config:
    inCluster: true
web:
  http: 0.0.0.0:5556
logger:
  level: "debug"
  format: text
oauth2:
  skipApprovalScreen: true
enablePasswordDB: true
staticPasswords:
- email: user@example.com
  hashFromEnv: DEX_USER_PASSWORD
  username: user
  userID: "15841185641784"
staticClients:
# https://github.com/dexidp/dex/pull/1664
- idEnv: OIDC_CLIENT_ID
  redirectURIs: ["/oauth2/callback"]
  name: 'Dex Login Application'
  secretEnv: OIDC_CLIENT_SECRET
`;

/** What seed 004 shows of prokube's, with the rest as such a file has it. */
const prokube = `# {{ .Env.DOMAIN }} is set by the deploy script
issuer: https://{{ .Env.DOMAIN }}/dex
storage:
  type: kubernetes
  config:
    inCluster: true
web:
  http: 0.0.0.0:5556
connectors:
  - type: oidc
    id: keycloak
    name: Keycloak
    config:
      issuer: https://{{ .Env.DOMAIN }}/auth/realms/prokube
      clientID: {{ .Env.KEYCLOAK_CLIENT_ID }}
      clientSecret: "{{ .Env.KEYCLOAK_CLIENT_SECRET }}"
      insecureEnableGroups: true
staticClients:
  # the gateway
  - id: {{ .Env.OIDC_CLIENT_ID }}
    name: 'Dex Login Application'
    redirectURIs: ["/oauth2/callback"]
    secret: "{{ .Env.OIDC_CLIENT_SECRET }}"
  - id: {{ .Env.MLFLOW_OIDC_CLIENT_ID }}
    name: 'MLflow OIDC Auth Service'
    redirectURIs: ["https://{{ .Env.DOMAIN }}/mlflow/callback"]
    secret: "{{ .Env.MLFLOW_OIDC_CLIENT_SECRET }}"   # generated

# how long a login lasts
expiry:
  idTokens: "24h"
`;

/** deployKF's, after Helm: << >> are gomplate's. */
const deploykf = `## the base path of dex
issuer: "https://deploykf.example.com/dex"
storage:
  type: kubernetes
  config:
    inCluster: true
web:
  http: 0.0.0.0:5556
telemetry:
  http: 0.0.0.0:5558
frontend:
  issuer: deployKF Auth
  logoURL: theme/logo.svg
  dir: "/srv/dex/web"
  theme: light
expiry:
  deviceRequests: "5m"
  idTokens: "60m"
  signingKeys: "6h"
  refreshTokens:
    reuseInterval: "30s"
oauth2:
  responseTypes: ["code", "token", "id_token"]
  skipApprovalScreen: true

## configs for OpenID clients of dex
staticClients:

  ## the OpenID client for "OAUTH2 Proxy"
  - name: "OAUTH2 Proxy"
    id: "oauth2-proxy"
    secret: << getenv "CONFIG__CLIENT_SECRET__OAUTH2_PROXY" | quote >>
    redirectURIs:
      - "https://deploykf.example.com/oauth2/callback"

  ## the OpenID client for "Kubeflow Pipelines SDK"
  - name: "Kubeflow Pipelines SDK"
    id: "kubeflow-pipelines-sdk"
    ## NOTE: this client is used on end-user machines, so it does not have a client secret
    public: true
    redirectURIs:
      - "urn:ietf:wg:oauth:2.0:oob"

## configs for upstream identity providers for authenticating users
connectors:
  - type: "ldap"
    id: "ldap"
    name: "LDAP"
    config: << getenv "CONFIG__CONNECTOR" | yaml | toJSON >>
enablePasswordDB: false
staticPasswords: []
`;

const short = "issuer: https://x.example.com/dex\n";

const merges: readonly (readonly [what: string, before: string, after: string])[] = [
  ["after the last client of Kubeflow's", kubeflow, kubeflow + block("dev", ["myapp"])],
  [
    "between templates, at the indentation of prokube's",
    prokube,
    prokube.replace("# generated\n", `# generated\n${block("dev", ["myapp"], "  ")}`),
  ],
  [
    "among deployKF's, whose templates are << >>",
    deploykf,
    deploykf.replace(':oob"\n', `:oob"\n${block("dev", ["myapp"], "  ")}`),
  ],
  ["below a key of its own", short, `${short}staticClients: # prokube-access\n${block("dev", ["myapp"])}`],
  ["in an empty document", "", `staticClients: # prokube-access\n${block("dev", ["myapp"])}`],
  ["in one of comments only", "# later\n", `# later\nstaticClients: # prokube-access\n${block("dev", ["myapp"])}`],
  ["below a key without a value", `staticClients:\n${short}`, `staticClients:\n${block("dev", ["myapp"])}${short}`],
  [
    "below an empty key with a comment",
    `staticClients: # none\n${short}`,
    `staticClients: # none\n${block("dev", ["myapp"])}${short}`,
  ],
  [
    "instead of an empty list",
    `staticClients: [ ] # none\n${short}`,
    `staticClients: # prokube-access: [ ] # none\n${block("dev", ["myapp"])}${short}`,
  ],
  [
    "instead of null",
    `staticClients: null\n${short}`,
    `staticClients: # prokube-access: null\n${block("dev", ["myapp"])}${short}`,
  ],
  [
    "before comments about what follows",
    `staticClients:\n- id: a\n  name: A\n  # rotated in May\n# who comes from where\nconnectors: []\n`,
    `staticClients:\n- id: a\n  name: A\n  # rotated in May\n${block("dev", ["myapp"])}# who comes from where\nconnectors: []\n`,
  ],
  [
    "after a client with much space",
    `staticClients:\n    -   id: a\n        name: A\n\n\n${short}`,
    `staticClients:\n    -   id: a\n        name: A\n${block("dev", ["myapp"], "    ")}\n\n${short}`,
  ],
  [
    "after a client whose last value is a block",
    `staticClients:\n- id: a\n  name: |\n    A\n    B\n${short}`,
    `staticClients:\n- id: a\n  name: |\n    A\n    B\n${block("dev", ["myapp"])}${short}`,
  ],
  [
    "in an indented document",
    `  issuer: x\n  web: {}\n`,
    `  issuer: x\n  web: {}\n  staticClients: # prokube-access\n${block("dev", ["myapp"], "  ")}`,
  ],
  [
    "where the last line does not end",
    `staticClients:\n- id: a\n  name: A`,
    `staticClients:\n- id: a\n  name: A\n${block("dev", ["myapp"]).trimEnd()}`,
  ],
  [
    "with the line ends of Windows",
    `issuer: x\r\nstaticClients:\r\n- id: a\r\n  name: A\r\nweb: {}\r\n`,
    `issuer: x\r\nstaticClients:\r\n- id: a\r\n  name: A\r\n${block("dev", ["myapp"]).replaceAll("\n", "\r\n")}web: {}\r\n`,
  ],
  [
    "before the end of the document",
    `---\n${short}...\n# that was it\n`,
    `---\n${short}staticClients: # prokube-access\n${block("dev", ["myapp"])}...\n# that was it\n`,
  ],
  [
    "with anchors elsewhere and in the list",
    `staticClients:\n- &one\n  id: a\n  name: &name A\n- <<: *one\n  id: b\nfrontend: { issuer: *name }\n`,
    `staticClients:\n- &one\n  id: a\n  name: &name A\n- <<: *one\n  id: b\n${block("dev", ["myapp"])}frontend: { issuer: *name }\n`,
  ],
  [
    "after another stack's block",
    kubeflow + block("prod", ["other"]),
    kubeflow + block("prod", ["other"]) + block("dev", ["myapp"]),
  ],
  [
    "beside lines that only control",
    `issuer: x\nstaticClients:\n- id: a\n{{- if .Env.LDAP }}\nconnectors: []\n{{- end }}\n`,
    `issuer: x\nstaticClients:\n- id: a\n${block("dev", ["myapp"])}{{- if .Env.LDAP }}\nconnectors: []\n{{- end }}\n`,
  ],
  [
    "after a client that is there under a condition",
    `staticClients:\n- id: a\n{{- if .Env.B }}\n- id: {{ .Env.B }}:x\n{{- else }}\n- id: c\n{{- end }}\nweb: {}\n`,
    `staticClients:\n- id: a\n{{- if .Env.B }}\n- id: {{ .Env.B }}:x\n{{- else }}\n- id: c\n{{- end }}\n${block("dev", ["myapp"])}web: {}\n`,
  ],
  [
    "below a comment of gomplate",
    `{{/* two\nlines */}}\nissuer: {{ if .Env.X }}a{{ else }}b{{ end }}\n`,
    `{{/* two\nlines */}}\nissuer: {{ if .Env.X }}a{{ else }}b{{ end }}\nstaticClients: # prokube-access\n${block("dev", ["myapp"])}`,
  ],
];

for (const [what, before, after] of merges) {
  test(`a client is merged ${what}, stays the same and goes without a trace`, () => {
    assert.equal(mergedDocument(before, "dev", [client("myapp")]), after);
    assert.equal(mergedDocument(after, "dev", [client("myapp")]), after);
    assert.equal(mergedDocument(after, "dev", []), before);
    assert.equal(mergedDocument(before, "dev", []), before);
    assert.deepEqual(
      staticClientsIn(after).filter(({ stack }) => stack === "dev"),
      [
        {
          id: "myapp-oidc-client",
          idEnv: "MYAPP_OIDC_CLIENT_ID",
          secretEnv: "MYAPP_OIDC_CLIENT_SECRET",
          name: "myapp",
          redirectURIs: ["https://cluster.example.com/myapp/callback"],
          stack: "dev",
        },
      ],
    );
  });
}

test("a block that somebody edited is written anew, in its place", () => {
  const list = `staticClients:\n- id: a\n  name: A\n${block("dev", ["myapp"])}- id: b\n  name: B\n`;
  const edits: readonly ((text: string) => string)[] = [
    (text) => text.replace('name: "myapp"', "name: mine"),
    (text) => text.replace("  secretEnv", "      secretEnv: [\n  {"),
    (text) => text.replace("# myapp-oidc-client", ""),
    (text) => text.replace("- idEnv: MYAPP_OIDC_CLIENT_ID", "- id: myapp-oidc-client"),
    (text) => text.replace("  redirectURIs:", "# a note\n  redirectURIs:"),
    (text) => text.replaceAll("# prokube-access", "    # prokube-access"),
  ];
  for (const edit of edits) {
    assert.notEqual(edit(list), list);
    assert.equal(mergedDocument(edit(list), "dev", [client("myapp")]), list);
  }
  assert.equal(mergedDocument(list, "dev", []), "staticClients:\n- id: a\n  name: A\n- id: b\n  name: B\n");
});

test("a block that was moved to where it says nothing goes back to the clients", () => {
  const lost = `${block("dev", ["myapp"])}staticClients:\n- id: a\n  name: A\n`;
  assert.equal(
    mergedDocument(lost, "dev", [client("myapp")]),
    `staticClients:\n- id: a\n  name: A\n${block("dev", ["myapp"])}`,
  );
});

test("a block that was moved under a condition goes back as well", () => {
  const items = (inner: string) => `staticClients:\n- id: a\n{{ if .Env.B }}\n${inner}- id: b\n{{ end }}\n`;
  assert.equal(
    mergedDocument(items(block("dev", ["myapp"])), "dev", [client("myapp")]),
    items("") + block("dev", ["myapp"]),
  );
});

test("two stacks do not take turns", () => {
  const both = mergedDocument(mergedDocument(short, "dev", [client("a")]), "prod", [client("b")]);
  assert.equal(mergedDocument(both, "dev", [client("a")]), both);
  assert.equal(mergedDocument(both, "prod", [client("b")]), both);
  const more = mergedDocument(both, "dev", [client("a"), client("c")]);
  assert.equal(more, both.replace(block("dev", ["a"]), block("dev", ["a", "c"])));
  const one = mergedDocument(more, "dev", []);
  assert.equal(one, `${short}staticClients: # prokube-access\n${block("prod", ["b"])}`);
  assert.equal(mergedDocument(one, "prod", []), short);
});

test("text of applications means nothing but itself", () => {
  const odd: DexClient = {
    ...client("odd"),
    name: `it's "yes": # & * ! | > % @ \\ é 漢`,
    redirectURIs: ["yes", "a: b", "#"],
  };
  const [found] = staticClientsIn(mergedDocument(short, "dev", [odd]));
  assert.equal(found?.name, odd.name);
  assert.deepEqual(found.redirectURIs, odd.redirectURIs);
});

const refused: readonly (readonly [what: string, document: string, message: RegExp, client?: DexClient])[] = [
  ["a list in brackets", "staticClients: [{ id: a, name: A }]\n", /a list in brackets\. Write it as lines/],
  ["a list that is none", "staticClients: many\n", /not a list/],
  ["a template that is the list", "staticClients: {{ .Env.CLIENTS }}\n", /not a list/],
  ["an empty list over several lines", "staticClients: [\n]\n", /Write staticClients: \[\]/],
  ["an empty list with an anchor", "staticClients: &none []\nconnectors: *none\n", /Write staticClients: \[\]/],
  ["a list that is somebody else's too", "x: &x\n- id: a\nstaticClients: *x\n", /not a list/],
  ["a list with an alias elsewhere", "staticClients: &x\n- id: a\nx: *x\n", /without changing something else/],
  ["a list from a merge key", "x: &x { staticClients: [{ id: a }] }\n<<: *x\n", /without changing something else/],
  ["a mapping in braces", '{"issuer": "x"}\n', /in braces/],
  ["a document that is a list", "- a\n", /not a YAML mapping/],
  ["a text", "hello\n", /not a YAML mapping/],
  ["several documents", "issuer: x\n---\nissuer: y\n", /several YAML documents/],
  ["broken YAML", "issuer: x\n- web: s3cret\n", /not readable as YAML at line 2/],
  ["a key that stands there twice", "issuer: x\nissuer: s3cret\n", /not readable as YAML at line 2 \(DUPLICATE_KEY\)/],
  ["the key in another case", "StaticClients:\n- id: a\n", /has the key "StaticClients"\. Call it staticClients/],
  [
    "aliases without end",
    `a: &a [x]\n${"bcdefghij".replaceAll(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)}, `.repeat(9)}]\n`)}`,
    /aliases/,
  ],
  ["lines that a template writes", "issuer: x\n{{ .Env.MORE }}\n", /YAML at line \d.*Templates that write whole lines/],
  ["clients under a condition", "{{ if .Env.X }}\nstaticClients:\n- id: a\n{{ end }}\n", /a template/],
  [
    "clients in a loop",
    "staticClients:\n{{ range .x }}\n- id: {{ .id }}\nx: 1\n{{ end }}\n",
    /a template around line 4/,
  ],
  ["an end in a condition", "{{ if .Env.X }}\nissuer: x\n", /a template around/],
  [
    "a template that joins lines before",
    "staticClients:\n- id: a\n{{ if .x }}\n- id: b\n{{ end -}}\nweb: {}\n",
    /a template around/,
  ],
  [
    "a template that joins lines after",
    "staticClients:\n- id: a\n{{- if .x -}}\nweb: {}\n{{- end }}\n",
    /a template around/,
  ],
  [
    "a client of the same id",
    "staticClients:\n- id: myapp-oidc-client\n",
    /already has a client myapp-oidc-client that this program did not make/,
  ],
  ["the id in another case of key", "staticClients:\n- ID: myapp-oidc-client\n", /already has a client/],
  [
    "a client with the variable",
    "staticClients:\n- idEnv: MYAPP_OIDC_CLIENT_ID\n",
    /already has a client MYAPP_OIDC_CLIENT_ID/,
  ],
  [
    "a template with the variable",
    "staticClients:\n- id: {{ .Env.MYAPP_OIDC_CLIENT_ID }}\n",
    /already has a client MYAPP/,
  ],
  [
    "getenv with the variable",
    'staticClients:\n- id: << getenv "MYAPP_OIDC_CLIENT_ID" | quote >>\n',
    /already has a client MYAPP/,
  ],
  [
    "the secret of another",
    "staticClients:\n- id: x\n  secret: '{{ .Env.MYAPP_OIDC_CLIENT_SECRET }}'\n",
    /already has a client x/,
  ],
  ["another stack's client", kubeflow + block("prod", ["myapp"]), /a client myapp-oidc-client of stack prod/],
  [
    "a marker without its end",
    `staticClients:\n${block("dev", ["myapp"]).replace(/# \S+ end\n/, "")}`,
    /damaged: its markers stand on line 2\. /,
  ],
  ["an end without a beginning", `${short}# prokube-access/dev: end\n`, /damaged/],
  [
    "two blocks",
    `staticClients:\n${block("dev", ["myapp"])}${block("dev", ["myapp"])}`,
    /damaged: .* line 2, 8, 9, 15/,
  ],
  [
    "blocks in one another",
    `staticClients:\n${block("dev", ["myapp"]).replace("  name", "# prokube-access/prod: end\n  name")}`,
    /damaged/,
  ],
  [
    "somebody's client in our block",
    `staticClients:\n${block("dev", ["gone"]).replace("# prokube-access/dev: end", "- id: other\n  name: O\n$&")}`,
    /the client other stands between the markers of stack dev/,
  ],
  [
    "a template in a name",
    short,
    /"\{\{ \.Env\.SECRET \}\}" cannot stand/,
    { ...client("myapp"), name: "{{ .Env.SECRET }}" },
  ],
  ["another template in a name", short, /cannot stand/, { ...client("myapp"), name: "<< .Env.SECRET >>" }],
  ["a line break in an address", short, /cannot stand/, { ...client("myapp"), redirectURIs: ["https://a\n"] }],
  ["an odd variable", short, /"null" cannot stand/, { ...client("myapp"), idVariable: "null" }],
  ["an odd id", short, /"a b" cannot stand/, { ...client("myapp"), id: "a b" }],
  [
    "two applications with one client",
    short,
    /two applications have the Dex client/,
    { ...client("other"), id: "myapp-oidc-client" },
  ],
];

for (const [what, document, message, other] of refused) {
  test(`refused and left alone: ${what}`, () => {
    assert.throws(
      () => mergedDocument(document, "dev", other ? [client("myapp"), other] : [client("myapp")]),
      (error) => {
        assert.ok(error instanceof DocumentProblem, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  });
}

test("the clients of a document, wherever their ids are", () => {
  assert.deepEqual(staticClientsIn(prokube), [
    {
      id: undefined,
      idEnv: "OIDC_CLIENT_ID",
      secretEnv: "OIDC_CLIENT_SECRET",
      name: "Dex Login Application",
      redirectURIs: ["/oauth2/callback"],
    },
    {
      id: undefined,
      idEnv: "MLFLOW_OIDC_CLIENT_ID",
      secretEnv: "MLFLOW_OIDC_CLIENT_SECRET",
      name: "MLflow OIDC Auth Service",
      redirectURIs: ["https://{{ .Env.DOMAIN }}/mlflow/callback"],
    },
  ]);
  assert.deepEqual(
    staticClientsIn(deploykf).map(({ id, secretEnv }) => [id, secretEnv]),
    [
      ["oauth2-proxy", "CONFIG__CLIENT_SECRET__OAUTH2_PROXY"],
      ["kubeflow-pipelines-sdk", undefined],
    ],
  );
  assert.deepEqual(staticClientsIn(short), []);
  assert.throws(() => staticClientsIn("a: b: c"), DocumentProblem);
});

const base = {
  issuer: "https://cluster.example.com/dex",
  storage: { type: "kubernetes", config: { inCluster: true } },
  web: { http: "0.0.0.0:5556" },
  connectors: [
    {
      type: "oidc",
      id: "keycloak",
      name: "on",
      config: { issuer: "https://x.example.com", clientID: "dex", clientSecret: "$SECRET", insecureEnableGroups: true },
    },
  ],
  staticClients: [
    { idEnv: "OIDC_CLIENT_ID", name: "Login", redirectURIs: ["/oauth2/callback"], secretEnv: "OIDC_CLIENT_SECRET" },
  ],
};

const rendered = `# prokube-access/dev: rendered from platform.yaml, do not edit
issuer: "https://cluster.example.com/dex"
storage:
  type: "kubernetes"
  config:
    inCluster: true
web:
  http: "0.0.0.0:5556"
connectors:
  - type: "oidc"
    id: "keycloak"
    name: "on"
    config:
      issuer: "https://x.example.com"
      clientID: "dex"
      clientSecret: "$SECRET"
      insecureEnableGroups: true
staticClients:
  - idEnv: "OIDC_CLIENT_ID"
    name: "Login"
    redirectURIs:
      - "/oauth2/callback"
    secretEnv: "OIDC_CLIENT_SECRET"
`;

test("the whole document is rendered from the base and the applications", () => {
  const whole = rendered + block("dev", ["myapp"], "  ");
  assert.equal(renderedDocument(base, undefined, "dev", [client("myapp")]), whole);
  assert.equal(renderedDocument(base, whole, "dev", [client("myapp")]), whole);
  assert.equal(renderedDocument(base, whole, "dev", []), rendered);
  assert.deepEqual(documentProblems(whole), []);
  assert.deepEqual(
    renderedDocument({ issuer: "x" }, "", "dev", []),
    '# prokube-access/dev: rendered from platform.yaml, do not edit\nissuer: "x"\n',
  );
});

test("templates of the base reach gomplate as they are", () => {
  const template = { issuer: 'https://{{ getenv "DOMAIN" "x" }}/dex', frontend: { theme: "{{ .Env.THEME }}" } };
  assert.equal(
    renderedDocument(template, undefined, "dev", []).split("\n").slice(1).join("\n"),
    `issuer: 'https://{{ getenv "DOMAIN" "x" }}/dex'\nfrontend:\n  theme: "{{ .Env.THEME }}"\n`,
  );
});

test("rendering loses nobody's client", () => {
  const live = `staticClients:\n- { id: mlflow, name: M }\n- id: {{ .Env.ARGO_OIDC_CLIENT_ID }}\n- { name: N }\n- idEnv: OIDC_CLIENT_ID\n`;
  assert.throws(() => renderedDocument(base, live, "dev", [client("myapp")]), {
    name: "DocumentProblem",
    message:
      'Dex\'s document has clients of others, which would be lost: "mlflow", "ARGO_OIDC_CLIENT_ID", "N". ' +
      "Add them to dex.document.base.staticClients, remove them, or write mode: merge.",
  });
  const mine = `staticClients:\n- id: was-mine\n  name: M\n- idEnv: WAS_MINE_ID\n  name: M\n- id: myapp-oidc-client\n`;
  assert.throws(
    () => renderedDocument(base, mine, "dev", [client("myapp")]),
    /"was-mine", "WAS_MINE_ID", "myapp-oidc-client"\./,
  );
  assert.equal(
    renderedDocument(base, mine, "dev", [client("myapp")], ["was-mine", "WAS_MINE_ID", "myapp-oidc-client"]),
    rendered + block("dev", ["myapp"], "  "),
  );
  const inside = rendered + block("dev", ["myapp"], "  ").replace(/(?= *# \S+ end)/, "  - { id: other, name: O }\n");
  assert.throws(() => renderedDocument(base, inside, "dev", [client("myapp")]), /the client other stands between/);
  assert.equal(renderedDocument(base, inside, "dev", [], ["other"]), rendered);
  assert.throws(() => renderedDocument(base, "a: b: c", "dev", []), /not readable as YAML/);
  assert.throws(
    () => renderedDocument(base, `staticClients:\n- id: a\n# prokube-access/dev: end\n`, "dev", []),
    /damaged/,
  );
});

test("rendering keeps the blocks of other stacks", () => {
  const live = kubeflow + block("prod", ["b"]) + block("dev", ["gone"]) + block("test", ["c"]);
  const whole = rendered + block("prod", ["b"], "  ") + block("test", ["c"], "  ") + block("dev", ["myapp"], "  ");
  assert.equal(renderedDocument(base, live, "dev", [client("myapp")]), whole);
  assert.equal(mergedDocument(whole, "prod", [client("b")]), whole);
  assert.throws(
    () => renderedDocument(base, live, "dev", [client("b")]),
    /already has a client b-oidc-client of stack prod/,
  );
});

test("real documents have nothing that Dex does not know", () => {
  for (const document of [kubeflow, prokube, deploykf]) {
    assert.deepEqual(documentProblems(document), []);
    assert.deepEqual(documentProblems(mergedDocument(document, "dev", [client("myapp")])), []);
  }
});

const wrong: readonly (readonly [
  what: string,
  changes: Readonly<Record<string, unknown>>,
  path: string,
  message: RegExp,
])[] = [
  ["no issuer", { issuer: undefined }, "issuer", /"issuer" is missing/],
  ["an issuer that is no address", { issuer: "dex" }, "issuer", /"issuer" is "dex", which is no address/],
  ["an issuer without TLS", { issuer: "http://dex.auth.svc/dex" }, "issuer", /write an address with https/],
  [
    "an unknown key",
    { staticClient: [] },
    "staticClient",
    /Dex knows no key "staticClient"\. Did you mean "staticClients"\? Allowed there: "issuer", "storage"/,
  ],
  [
    "an unknown key inside",
    { web: { http: "x", htps: "y" } },
    "web.htps",
    /Dex knows no key "web\.htps"\. Did you mean "https"\?/,
  ],
  [
    "another kind of value",
    { oauth2: { skipApprovalScreen: "yes" } },
    "oauth2.skipApprovalScreen",
    /is not true or false/,
  ],
  [
    "a template that would be a text",
    { oauth2: { skipApprovalScreen: "{{ .Env.X }}" } },
    "oauth2.skipApprovalScreen",
    /is not true or false/,
  ],
  ["a template without quotes", { logger: { level: { "{ .Env.LEVEL }": null } } }, "logger.level", /is not a text/],
  ["no storage", { storage: undefined }, "storage.type", /"storage\.type" is missing\. Allowed: "etcd"/],
  ["an unknown storage", { storage: { type: "sqlite" } }, "storage.type", /is "sqlite"\. Did you mean "sqlite3"\?/],
  ["nowhere to listen", { web: {} }, "web.http", /"web\.http" is missing, and so is https/],
  ["TLS without a key", { web: { https: "x", tlsCert: "y" } }, "web.tlsKey", /"web\.tlsKey" is missing/],
  [
    "an unknown connector",
    { connectors: [{ type: "odic", id: "a", name: "A" }] },
    "connectors.0.type",
    /Did you mean "oidc"\?/,
  ],
  [
    "a connector without a name",
    { connectors: [{ type: "oidc", id: "a" }] },
    "connectors.0.name",
    /"connectors\[0\]\.name" is missing/,
  ],
  [
    "two connectors of one id",
    {
      connectors: [
        { type: "oidc", id: "a", name: "A" },
        { type: "ldap", id: "a", name: "B" },
      ],
    },
    "connectors.1",
    /is "a" again/,
  ],
  ["connectors that are no list", { connectors: { type: "oidc" } }, "connectors", /is not a list/],
  ["a client without a name", { staticClients: [{ id: "a", secretEnv: "X" }] }, "staticClients.0", /has no name/],
  [
    "a client with two ids",
    { staticClients: [{ id: "a", idEnv: "A", name: "A", public: true }] },
    "staticClients.0",
    /one of id and idEnv/,
  ],
  [
    "a client without a secret",
    { staticClients: [{ id: "a", name: "A" }] },
    "staticClients.0",
    /has no secret\. Write secretEnv:/,
  ],
  [
    "a client with two secrets",
    { staticClients: [{ id: "a", name: "A", secret: "{{ .Env.X }}", secretEnv: "X" }] },
    "staticClients.0",
    /only one of secret and secretEnv/,
  ],
  [
    "two clients of one id",
    {
      staticClients: [
        { id: "a", name: "A", public: true },
        { id: "a", name: "B", public: true },
      ],
    },
    "staticClients.1",
    /Dex would forget the first/,
  ],
  [
    "passwords without a database",
    { staticPasswords: [{ email: "a@b", hashFromEnv: "X" }] },
    "staticPasswords",
    /needs enablePasswordDB/,
  ],
  ["gRPC with half a certificate", { grpc: { addr: "x", tlsCert: "y" } }, "grpc", /wants both/],
  [
    "a variable that Dex does not fill in",
    { staticClients: [{ id: "a", name: "A", secret: "$SECRET" }] },
    "staticClients.0.secret",
    /Dex does not fill in \$SECRET at "staticClients\[0\]\.secret"\. Write secretEnv: SECRET/,
  ],
  [
    "a template that YAML would break",
    { frontend: { theme: "{{ getenv 'X' }}" } },
    "frontend.theme",
    /has a single quote/,
  ],
];

for (const [what, changes, path, message] of wrong) {
  test(`told about a base: ${what}`, () => {
    const problems = baseProblems({ ...base, ...changes });
    assert.deepEqual(
      problems.map((problem) => [problem.path.join("."), problem.isSecret]),
      [[path, false]],
      JSON.stringify(problems),
    );
    assert.match(problems[0]?.message ?? "", message);
  });
}

test("a good base has no problems, also at home", () => {
  assert.deepEqual(baseProblems(base), []);
  assert.deepEqual(baseProblems({ ...base, issuer: "http://127.0.0.1:5556/dex" }), []);
});

const secrets: readonly (readonly [value: unknown, isFine: boolean])[] = [
  [{ staticClients: [{ id: "a", name: "A", secret: "s3cret" }] }, false],
  [{ staticClients: [{ id: "a", name: "A", secret: "{{ .Env.X }}" }] }, true],
  [{ staticClients: [{ id: "a", name: "A", secret: "{{ getenv `X` }}" }] }, true],
  [{ staticClients: [{ id: "a", name: "A", secret: '<< getenv "X" | quote >>' }] }, true],
  [{ staticClients: [{ id: "a", name: "A", secret: '{{ getenv "X" "s3cret" }}' }] }, false],
  [{ staticClients: [{ id: "a", name: "A", secret: "s3cret{{ .Env.X }}" }] }, false],
  [{ enablePasswordDB: true, staticPasswords: [{ email: "a", hash: "$2a$10$abcdefghijklmnopqrstuv" }] }, false],
  [{ connectors: [{ type: "oidc", id: "a", name: "A", config: { clientSecret: "s3cret" } }] }, false],
  [{ connectors: [{ type: "oidc", id: "a", name: "A", config: { clientSecret: "${SECRET}" } }] }, true],
  [{ connectors: [{ type: "oidc", id: "a", name: "A", config: { clientSecret: "$A$B" } }] }, false],
  [{ connectors: [{ type: "ldap", id: "a", name: "A", config: { bindPW: 1234 } }] }, false],
  [{ connectors: [{ type: "ldap", id: "a", name: "A", config: { bindPW: "$PW", clientKey: "/etc/key.pem" } }] }, true],
  [{ connectors: [{ type: "keystone", id: "a", name: "A", config: { keystonePassword: "s3cret" } }] }, false],
  [{ connectors: [{ type: "oauth", id: "a", name: "A", config: { tokenURL: "https://x/y", userIDKey: "id" } }] }, true],
  [{ storage: { type: "postgres", config: { password: "s3cret" } } }, false],
  [{ storage: { type: "postgres", config: { password: "$PASSWORD" } } }, true],
  [{ signer: { type: "vault", config: { token: "s3cret" } } }, false],
  [{ sessions: { cookieEncryptionKey: "s3cret" } }, false],
  [{ frontend: { extra: { note: "-----BEGIN PRIVATE KEY-----\ns3cret" } } }, false],
  [{ frontend: { extra: { db: "postgres://dex:s3cret@db/dex" } } }, false],
];

test("secrets never stand in the base", () => {
  for (const [changes, isFine] of secrets) {
    const problems = baseProblems({ ...base, ...(changes as object) });
    assert.deepEqual(
      problems.map(({ isSecret }) => isSecret),
      isFine ? [] : [true],
      JSON.stringify(changes),
    );
    assert.doesNotMatch(problems.map(({ message }) => message).join("\n"), /s3cret|1234|\$2a/);
  }
});

test("a finished document is held against what Dex knows", () => {
  assert.deepEqual(documentProblems("a: b: c"), [
    "Dex's document is not readable as YAML at line 1 (BLOCK_AS_IMPLICIT_KEY). Mend it there.",
  ]);
  assert.deepEqual(
    documentProblems(`${kubeflow}expiry: 24h\ngroups: {}\n`).map((line) => line.slice(0, 40)),
    ['"expiry" is not a mapping, as Dex wants ', 'Dex knows no key "groups". Allowed there'],
  );
  // Live documents may hold secrets and be served without TLS inside the cluster.
  assert.deepEqual(documentProblems(kubeflow.replace("secretEnv: OIDC_CLIENT_SECRET", "secret: s3cret")), []);
  assert.deepEqual(
    documentProblems(kubeflow.replace("skipApprovalScreen: true", "skipApprovalScreen: {{ .Env.SKIP }}")),
    [],
  );
});

test("connectors that drop groups, and fields that Dex ignores", () => {
  assert.deepEqual(connectorFindings(prokube), []);
  assert.deepEqual(connectorFindings(deploykf), []);
  assert.deepEqual(connectorFindings(base), []);
  const noGroups =
    'connector "keycloak" has no insecureEnableGroups: true, so Dex drops the groups of everybody who comes through ' +
    "it. Add it to the connector's config.";
  assert.deepEqual(connectorFindings(prokube.replace("      insecureEnableGroups: true\n", "")), [noGroups]);
  assert.deepEqual(connectorFindings(prokube.replace("Groups: true", "Groups: false")), [noGroups]);
  assert.deepEqual(connectorFindings(prokube.replace("EnableGroups: true", "EnableGroup: true")), [
    noGroups,
    'connector "keycloak" has "insecureEnableGroup" in its config, which Dex\'s connector oidc does not know and ' +
      'ignores. Did you mean "insecureEnableGroups"?',
  ]);
});

/** What the test itself takes for somebody else's text. */
function foreign(text: string): string {
  let inside = false;
  const lines = text.split(/(?<=\n)/).filter((line) => {
    if (/^\s*# prokube-access\/\w+: applications, do not edit\s*$/.test(line)) inside = true;
    const keep = !inside;
    if (/^\s*# prokube-access\/\w+: end\s*$/.test(line)) inside = false;
    return keep;
  });
  return lines
    .filter((line) => !/^\s*staticClients: # prokube-access\s*$/.test(line))
    .join("")
    .replace("# prokube-access: ", "")
    .replace(/\r?\n$/, "");
}

/** The clients as another reader sees them, who knows nothing of stacks and blocks. */
function listOf(text: string): readonly { idEnv?: string; id?: string }[] {
  const value = parse(text, { merge: true }) as { staticClients?: { idEnv?: string; id?: string }[] | null } | null;
  return value?.staticClients ?? [];
}

const stacks = ["dev", "prod"] as const;
const names = ["a", "b", "c", "d"];

type Step =
  | { readonly kind: "apply"; readonly stack: (typeof stacks)[number]; readonly names: readonly string[] }
  | { readonly kind: "add client" | "remove client" | "add key" | "add comment"; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("apply" as const),
      stack: fc.constantFrom(...stacks),
      names: fc.subarray(names),
    }),
  },
  fc.record({
    kind: fc.constantFrom("add client" as const, "remove client" as const, "add key" as const, "add comment" as const),
    at: fc.nat(30),
  }),
);

const start = fc.constantFrom(
  kubeflow,
  `${deploykf.split("## configs for upstream")[0] ?? ""}web: {}\n`.replace("web:\n  http: 0.0.0.0:5556\n", ""),
  short,
  `${short}staticClients: []\nweb: {}\n`,
  `staticClients:\n${short}`,
  `${short}staticClients:\n    - id: x\n      name: X`,
  kubeflow.replaceAll("\n", "\r\n"),
  "",
);

/** What somebody else does with an editor, outside of the blocks. */
function edited(text: string, { kind, at }: Exclude<Step, { kind: "apply" }>, count: number): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(/(?<=\n)/).map((line) => (line.endsWith("\n") ? line : line + end));
  const inBlock = (index: number) => {
    const before = lines.slice(0, index).join("");
    return (before.match(/do not edit/g) ?? []).length > (before.match(/: end\s*$/gm) ?? []).length;
  };
  const free = lines.map((_, index) => index).filter((index) => !inBlock(index));
  const starts = free.filter((index) => /^\s*- (id|name|idEnv|email)/.test(lines[index] ?? ""));
  const clients = starts.filter((index) => lines.slice(0, index).some((line) => line.startsWith("staticClients:")));
  const pick = (from: readonly number[]) => from[at % Math.max(from.length, 1)];
  switch (kind) {
    case "add comment": {
      const index = free[at % Math.max(free.length, 1)] ?? 0;
      return [...lines.slice(0, index), `# note ${count}${end}`, ...lines.slice(index)].join("");
    }
    case "add key":
      return `key${count}: 1${end}${lines.join("")}`;
    case "add client": {
      const index = pick(clients);
      if (index === undefined) return text;
      const indent = /^\s*/.exec(lines[index] ?? "")?.[0] ?? "";
      return [
        ...lines.slice(0, index),
        `${indent}- { id: foreign-${count}, name: F }${end}`,
        ...lines.slice(index),
      ].join("");
    }
    case "remove client": {
      const added = free.find((index) => lines[index]?.includes("{ id: foreign-"));
      return added === undefined ? text : lines.filter((_, index) => index !== added).join("");
    }
  }
}

test("whatever two stacks and others do: others' text stays, and the clients are right", () => {
  fc.assert(
    fc.property(start, fc.array(step, { minLength: 1, maxLength: 14 }), (first, steps) => {
      let text = first;
      const wanted: Record<string, readonly string[]> = { dev: [], prod: [] };
      for (const [count, one] of steps.entries()) {
        if (one.kind !== "apply") {
          text = edited(text, one, count);
          continue;
        }
        const other = one.stack === "dev" ? "prod" : "dev";
        const mine = one.names.filter((name) => wanted[other]?.includes(name) !== true);
        wanted[one.stack] = mine;
        const clients = mine.map((name) => client(name));
        const before = foreign(text);
        text = mergedDocument(text, one.stack, clients);
        assert.equal(foreign(text), before);
        assert.equal(mergedDocument(text, one.stack, clients), text);

        const list = listOf(text);
        const ours = Object.values(wanted).flatMap((all) => all.map((name) => client(name).idVariable));
        assert.deepEqual(
          list.flatMap(({ idEnv = "" }) => (ours.includes(idEnv) ? [idEnv] : [])).toSorted(),
          ours.toSorted(),
        );
        assert.deepEqual(
          list.filter(({ idEnv = "" }) => !ours.includes(idEnv)),
          listOf(before),
        );
        for (const stack of stacks) {
          assert.deepEqual(
            staticClientsIn(text).flatMap(({ stack: whose, id }) => (whose === stack ? [id] : [])),
            wanted[stack]?.map((name) => `${name}-oidc-client`),
          );
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("whatever the text is: it is merged without loss or refused with a reason", () => {
  const piece = fc.constantFrom(
    "staticClients:",
    "staticClients: []",
    "- id: a",
    "  - id: b",
    "- ",
    "# note",
    "  # note",
    "issuer: x",
    "web: {}",
    "---",
    "...",
    "{{ if .x }}",
    "{{- if .x -}}",
    "{{ end }}",
    "{{- end }}",
    "{{ .x }}",
    "<<: *a",
    "a: &a { x: 1 }",
    "text: |",
    "   more",
    "\t",
    "",
    "# prokube-access/dev: applications, do not edit",
    "# prokube-access/dev: end",
    "# prokube-access/prod: end",
    "staticClients: # prokube-access",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), fc.constantFrom("\n", "\r\n"), fc.boolean(), (lines, end, last) => {
      const text = lines.join(end) + (last ? end : "");
      try {
        const merged = mergedDocument(text, "dev", [client("myapp")]);
        assert.equal(mergedDocument(merged, "dev", [client("myapp")]), merged);
        assert.equal(foreign(mergedDocument(merged, "dev", [])).trimEnd(), foreign(text).trimEnd());
      } catch (error) {
        assert.ok(error instanceof DocumentProblem, `${JSON.stringify(text)}: ${String(error)}`);
        assert.match(error.message, /\. [A-Z]/);
      }
    }),
    { numRuns: 3000 },
  );
});
