/** The two parts of an import id `<realm>/<id>`. */
export function parseImportId(importId: string): { realm: string; id: string } {
  const [realm, id, ...rest] = importId.split("/");
  if (!realm || !id || rest.length > 0) throw new Error(`Invalid import id '${importId}': expected <realm>/<id>`);
  return { realm, id };
}
