import { type InvokeRequest, ProtocolError, type Segment, type Value } from '../protocol/index.ts'
import {
  appendSegment,
  type Leftover,
  type PutAnswer,
  type SegmentTable,
} from './append-segment.ts'
import { lifeOf } from './clash.ts'
import type { DynamoOperation } from './dynamo-http.ts'
import { type Credentials, type Environment, lambdaEnvironment } from './environment.ts'
import type { Item } from './item.ts'
import {
  decodeSegmentItem,
  encodeSegmentItem,
  journalKey,
  type StoredSegment,
  segmentKey,
} from './segment-item.ts'
import type { SigningKeys } from './sign-request.ts'
import { decodeStateItem, stateItemKey } from './state-item.ts'
import { TableError } from './table-error.ts'
import { fromWireItem, toWireItem } from './wire-item.ts'

/** A running handler's way to its own journal: `HandlerJournal` of the replay side. */
export type TableJournal = {
  append(segment: Segment): Promise<'appended' | 'conflict'>
  tail(from: number, before?: number): Promise<readonly Segment[]>
  stateValue(name: string, slot: number): Promise<Value | undefined>
}

export type TableJournalOptions = {
  /** Read at each call: credentials rotate. */
  readonly environment?: () => Environment
  /** Instead of those of the environment. */
  readonly credentials?: (() => Promise<Credentials>) | undefined
  readonly fetch?: typeof fetch
  readonly requestTimeoutMs?: number
  readonly maxTries?: number
}

type Call = (
  operation: DynamoOperation,
  input: object,
) => Promise<Readonly<Record<string, unknown>>>

/**
 * The journal of the invocation that `request` is for, straight in DynamoDB. Loads no client and opens no
 * connection before its first use. All functions throw TableError when the table cannot be used.
 */
export function createTableJournal(
  request: InvokeRequest,
  options: TableJournalOptions = {},
): TableJournal {
  const first = request.journal[0]
  if (first === undefined) {
    throw new ProtocolError('protocol-shape', 'Not a valid request: its journal has no segment 0')
  }
  const call = createCall(request, options)
  const segments = new HandlerSegments(call, request)
  return {
    async append(segment) {
      const item = encodeSegmentItem(request.invocation, segment, keptUntil(request, segment))
      const answer = await appendSegment(segments, segment, item, () => segment.at)
      if (answer.kind === 'conflict' && answer.existing.born !== segment.born) {
        throw new TableError(
          'journal-expired',
          `The journal of ${request.invocation} has expired and begun anew: this attempt is of its former life`,
        )
      }
      return answer.kind
    },
    async tail(from, before) {
      return lifeOf(await segments.list(from, before), first.born, from)
    },
    async stateValue(name, slot) {
      const { service, key = '' } = request.target
      const { pk, sk } = stateItemKey({ service, key, name, slot })
      const values = { ':pk': pk, ':sk': sk }
      const [item] = (await queryTable(call, 'pk = :pk AND sk = :sk', values)).items
      return item === undefined ? undefined : decodeStateItem(item)
    },
  }
}

function createCall(request: InvokeRequest, options: TableJournalOptions): Call {
  const signingKeys: SigningKeys = new Map()
  return async (operation, input) => {
    const { callDynamo } = await import('./dynamo-http.ts')
    return callDynamo(
      {
        channel: request.channel,
        environment: options.environment ?? lambdaEnvironment,
        credentials: options.credentials,
        fetch: options.fetch ?? fetch,
        signingKeys,
        requestTimeoutMs: options.requestTimeoutMs ?? 3_000,
        maxTries: options.maxTries ?? 8,
      },
      operation,
      { TableName: request.channel.table, ...input },
    )
  }
}

/** The journal may have been re-stamped since the request was made: a segment must not vanish before segment 0. */
export function keptUntil(request: InvokeRequest, segment: Segment): number {
  const entries = request.journal.flatMap((one) => one.entries)
  const created = entries.find((entry) => entry.kind === 'created')
  return Math.max(request.expires, segment.at + (created?.retentionMs ?? 0))
}

class HandlerSegments implements SegmentTable {
  readonly #call: Call
  readonly #pk: string

  constructor(call: Call, request: InvokeRequest) {
    this.#call = call
    this.#pk = journalKey(request.invocation)
  }

  async putIfAbsent(item: Item): Promise<PutAnswer> {
    const refused = await this.#put(item, 'attribute_not_exists(pk)', {})
    if (refused === undefined) return { stored: true }
    const { item: theirs } = refused
    const standing = theirs === undefined ? undefined : decodeSegmentItem(fromWireItem(theirs))
    return { stored: false, standing }
  }

  async putOver(item: Item, { born }: Leftover): Promise<boolean> {
    return (await this.#put(item, 'born = :born', { ':born': { S: born } })) === undefined
  }

  async read(n: number): Promise<StoredSegment | undefined> {
    const page = await this.#query(
      'pk = :pk AND sk = :sk',
      { ':sk': { S: segmentKey(n) } },
      undefined,
    )
    return page.items[0]
  }

  async list(from: number, before?: number): Promise<readonly StoredSegment[]> {
    const stored: StoredSegment[] = []
    const last = before === undefined ? {} : { ':last': { S: segmentKey(before - 1) } }
    const values = { ':sk': { S: segmentKey(from) }, ...last }
    const range =
      before === undefined ? 'pk = :pk AND sk >= :sk' : 'pk = :pk AND sk BETWEEN :sk AND :last'
    let start: unknown
    do {
      const page = await this.#query(range, values, start)
      stored.push(...page.items)
      start = page.next
    } while (start !== undefined)
    return stored
  }

  async #put(item: Item, condition: string, values: object): Promise<TableError | undefined> {
    try {
      await this.#call('PutItem', {
        Item: toWireItem(item),
        ConditionExpression: condition,
        ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      return undefined
    } catch (error) {
      if (error instanceof TableError && error.code === 'ConditionalCheckFailedException') {
        return error
      }
      throw error
    }
  }

  async #query(condition: string, values: object, start: unknown) {
    const whole = { ':pk': { S: this.#pk }, ...values }
    const { items, next } = await queryTable(this.#call, condition, whole, start)
    return { items: items.map(decodeSegmentItem), next }
  }
}

async function queryTable(call: Call, condition: string, values: object, start?: unknown) {
  const answer = await call('Query', {
    ConsistentRead: true,
    KeyConditionExpression: condition,
    ExpressionAttributeValues: values,
    ...(start === undefined ? {} : { ExclusiveStartKey: start }),
  })
  const items = Array.isArray(answer['Items']) ? answer['Items'] : []
  return { items: items.map(fromWireItem), next: answer['LastEvaluatedKey'] }
}
