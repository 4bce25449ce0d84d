import type { Json } from '@fermata/lambda-runtime/protocol'
import type { RegistryDocument, RegistryStore } from '../../ports/index.ts'
import { frozen } from './frozen.ts'
import { compareKeys, type MemoryDocument, type MemoryTable, mapAt } from './memory-table.ts'

export class MemoryRegistryStore implements RegistryStore {
  readonly #table: MemoryTable

  constructor(table: MemoryTable) {
    this.#table = table
  }

  async get(collection: string, name: string): Promise<RegistryDocument | undefined> {
    const document = this.#collection(collection).get(name)
    return document && toDocument(name, document)
  }

  async list(
    collection: string,
    after: string,
    limit: number,
  ): Promise<readonly RegistryDocument[]> {
    return [...this.#collection(collection)]
      .filter(([name]) => compareKeys(after, name) < 0)
      .sort(([a], [b]) => compareKeys(a, b))
      .slice(0, limit)
      .map(([name, document]) => toDocument(name, document))
  }

  async put(
    collection: string,
    name: string,
    body: Json,
    expectedRev: number | undefined,
  ): Promise<boolean> {
    const documents = this.#collection(collection)
    if (documents.get(name)?.rev !== expectedRev) return false
    documents.set(name, { rev: (expectedRev ?? 0) + 1, text: JSON.stringify(body) })
    return true
  }

  async remove(collection: string, name: string, expectedRev: number): Promise<boolean> {
    const documents = this.#collection(collection)
    if (documents.get(name)?.rev !== expectedRev) return false
    return documents.delete(name)
  }

  #collection(name: string): Map<string, MemoryDocument> {
    return mapAt(this.#table.registry, name)
  }
}

/** Replicas ask for the same again and again: it is parsed once, and nobody can change it. */
const parsed = new WeakMap<MemoryDocument, Json>()

function toDocument(name: string, document: MemoryDocument): RegistryDocument {
  const body = parsed.get(document) ?? frozen(JSON.parse(document.text) as Json)
  parsed.set(document, body)
  return { name, rev: document.rev, body }
}
