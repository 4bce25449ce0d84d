import { type Json, ProtocolError } from '@fermata/lambda-runtime/protocol'
import { type Item, itemBytes, maxItemBytes, textOf, withText } from '@fermata/lambda-runtime/table'
import { FermataError } from '../../domain/errors.ts'
import type { RegistryDocument, RegistryStore } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'
import { type DynamoTable, itemKey } from './dynamo-table.ts'
import { RevisedRecords } from './revised-records.ts'

const what = 'registry document'
/** What the signature and the number of a revision take at most. */
const revisionBytes = 100

export class DynamoRegistryStore implements RegistryStore {
  readonly #table: DynamoTable
  readonly #records: RevisedRecords

  constructor(table: DynamoTable) {
    this.#table = table
    this.#records = new RevisedRecords(table, 'registry')
  }

  async get(collection: string, name: string): Promise<RegistryDocument | undefined> {
    const item = await this.#table.get(itemKey(partitionOf(collection), name))
    return item && toDocument(item)
  }

  async list(
    collection: string,
    after: string,
    limit: number,
  ): Promise<readonly RegistryDocument[]> {
    if (limit <= 0) return []
    const range = { expression: 'sk > :after', values: { ':after': { S: after } } }
    const items = await this.#table.query({
      pk: partitionOf(collection),
      limit,
      ...(after === '' ? {} : { range }),
    })
    return items.map(toDocument)
  }

  /** @throws FermataError `body-too-large` */
  async put(
    collection: string,
    name: string,
    body: Json,
    expectedRev: number | undefined,
  ): Promise<boolean> {
    const key = itemKey(partitionOf(collection), name)
    const document = withText(key, 'body', JSON.stringify(body))
    const bytes = itemBytes(document) + revisionBytes
    if (bytes > maxItemBytes) {
      throw new FermataError(
        'body-too-large',
        `"${name}" of ${collection} takes ${bytes} bytes, an item of the table ${maxItemBytes} at most`,
      )
    }
    return this.#records.put(key, (expectedRev ?? 0) + 1, document, expectedRev)
  }

  remove(collection: string, name: string, expectedRev: number): Promise<boolean> {
    return this.#records.remove(itemKey(partitionOf(collection), name), expectedRev)
  }
}

function partitionOf(collection: string): string {
  return `C#${collection}`
}

function toDocument(item: Item): RegistryDocument {
  const name = textIn(what, item, 'sk')
  return { name, rev: numberIn(what, item, 'rev'), body: parse(textOf(what, item['body'])) }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('item-json', `Not a valid ${what}: its body is not JSON`)
  }
}
