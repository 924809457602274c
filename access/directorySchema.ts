import * as z from "zod";
import { duration, isLoopback, line, secretName, sourceName } from "./fields.ts";

const dn = z
  .string()
  .regex(/^[^\p{Cc}=,]+=[^\p{Cc}]{1,500}$/u, "a distinguished name, such as ou=people,dc=example,dc=com");

const attribute = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]{0,62}$/, "the name of an LDAP attribute: letters, digits and hyphens");

const filter = z.string().regex(/^\([^\p{Cc}]{1,500}\)$/u, "an LDAP filter in parentheses");

const attributes = z
  .strictObject({
    username: attribute.optional().meta({ description: "Default: uid; sAMAccountName in Active Directory." }),
    rdn: attribute.optional().meta({ description: "First part of a user's DN. Default: uid; cn in Active Directory." }),
    uuid: attribute.optional().meta({ description: "Default: entryUUID; objectGUID in Active Directory." }),
    email: attribute.default("mail").meta({ description: "The e-mail address." }),
    firstName: attribute.default("givenName").meta({ description: "The given name." }),
    lastName: attribute.default("sn").meta({ description: "The family name." }),
  })
  .prefault({})
  .meta({ description: "Which attribute says what." });

const groups = z
  .strictObject({
    dn: dn.meta({ description: "Where the groups are." }),
    nameAttribute: attribute.default("cn").meta({ description: "The group's name." }),
    objectClasses: z
      .array(attribute)
      .min(1)
      .optional()
      .meta({ description: "Default: [groupOfNames]; [group] in Active Directory." }),
    memberAttribute: attribute.default("member").meta({ description: "What lists the members." }),
    memberType: z
      .enum(["DN", "UID"])
      .default("DN")
      .meta({ description: "Whether members are listed by DN or by username." }),
  })
  .meta({ description: "Where groups are; needed when a group of the platform takes members from here." });

/** directories/<name>.yaml: an LDAP server or Active Directory whose people log in with their passwords there. */
export const directorySchema = z
  .strictObject({
    name: sourceName.meta({ description: "Name of the federation in Keycloak; the file is called like it." }),
    vendor: z
      .enum(["other", "ad"])
      .default("other")
      .meta({ description: "ad: Active Directory; other defaults for attributes, and disabled accounts stay out." }),
    url: z
      .string()
      .regex(/^ldaps?:\/\/[^\s/@?#*]+$/, "ldaps://host or ldap://host, with a port where it is not the usual one")
      .meta({ description: "Where the server is. ldap:// needs startTls, unless the server is on the same machine." }),
    startTls: z.boolean().default(false).meta({ description: "Whether ldap:// goes on encrypted." }),
    bindDn: dn.meta({ description: "The account with which Keycloak searches. Reading is enough." }),
    bindPasswordSecret: secretName.optional().meta({
      description:
        "Name of the secret with its password: pulumi config set --secret <that name>. Default: the directory's name and " +
        "-bind-password.",
    }),
    usersDn: dn.meta({ description: "Where the people are." }),
    userFilter: filter.optional().meta({ description: "Who of them may log in. Default: everybody there." }),
    userObjectClasses: z.array(attribute).min(1).optional().meta({
      description:
        "Default: [inetOrgPerson, organizationalPerson]; [person, organizationalPerson, user] in Active Directory.",
    }),
    searchScope: z
      .enum(["subtree", "one"])
      .default("subtree")
      .meta({ description: "Whether people are also in what is below usersDn." }),
    attributes,
    groups: groups.optional(),
    trustEmail: z.boolean().default(false).meta({
      description:
        "true: addresses of the directory count as verified. false: everybody verifies by mail before the first login.",
    }),
    sync: duration("5m", "30d").optional().meta({
      description: "How often Keycloak reads everybody. Default: never; it asks the directory at each login.",
    }),
    displayName: line.optional().meta({ description: "For people; not used by Keycloak." }),
  })
  .superRefine(({ url, startTls }, context) => {
    const { protocol, hostname } = URL.parse(url.replace(/^ldap/, "http")) ?? { protocol: "", hostname: "" };
    if (protocol !== "http:" || startTls || isLoopback(hostname)) return;
    context.addIssue({
      code: "custom",
      path: ["url"],
      message: `${url} would carry passwords in the clear. Write ldaps:// or startTls: true.`,
      params: { code: "not-allowed" },
    });
  })
  .meta({ title: "directories/<name>.yaml", description: "An LDAP server or Active Directory." });

export type Directory = z.output<typeof directorySchema>;
