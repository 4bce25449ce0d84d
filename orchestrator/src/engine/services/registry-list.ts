import type { RegistryDocument, RegistryStore } from '../../ports/index.ts'

const pageSize = 100

/** All documents of a collection, by name. */
export async function listAll(
  registry: RegistryStore,
  collection: string,
): Promise<readonly RegistryDocument[]> {
  const found: RegistryDocument[] = []
  for (let after = ''; ; ) {
    const page = await registry.list(collection, after, pageSize)
    found.push(...page)
    const last = page.at(-1)
    // A page may be short of its limit only where the collection ends.
    if (last === undefined || page.length < pageSize) return found
    after = last.name
  }
}
