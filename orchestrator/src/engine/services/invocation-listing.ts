import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { FermataError } from '../../domain/errors.ts'
import type {
  Clock,
  InvocationListing,
  InvocationPage,
  InvocationQuery,
  InvocationView,
} from '../../ports/index.ts'
import { invocationView } from './invocation-view.ts'
import { type WalkDeps, walkAgenda } from './open-invocations.ts'
import { addressOf, type Named, type NamedDeps, namedBy, readNamed } from './queued-invocations.ts'

export type ListingDeps = WalkDeps & NamedDeps & { readonly clock: Pick<Clock, 'now'> }

/** How far back closed invocations are looked for where the query does not say. */
const recentMs = 15 * 60_000
/** What one request does at most: agenda entries that it passes, and journals and queues that it reads. */
const maxEntries = 10_000
const maxReads = 400
const sideBySide = 16

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** `at`: when the first page was asked for, epoch ms. `skip`: of what the next entry names, so many are told already. */
const cursorSchema = v.object({
  at: v.number(),
  from: v.optional(v.object({ shard: count, key: v.string(), index: count })),
  skip: count,
})
type Cursor = v.InferOutput<typeof cursorSchema>

/** Lists invocations by walking the agenda, which names all that are open and, for a while, those that were. */
export function createInvocationListing(deps: ListingDeps): InvocationListing {
  return {
    async invocations(query) {
      const first = { at: deps.clock.now(), from: undefined, skip: 0 }
      const cursor = query.after === undefined ? first : decodeCursor(query.after)
      return new Page(deps, query, cursor).read()
    },
  }
}

/** What may belong to the page, and where the next page begins if this one ends here. */
type Candidate = { readonly named: Named | undefined; readonly next: Cursor }

/** One page in the making. */
class Page {
  readonly #deps: ListingDeps
  readonly #query: InvocationQuery
  readonly #cursor: Cursor
  readonly #met = new Set<InvocationId>()
  readonly #views: InvocationView[] = []
  #batch: Named[] = []
  #passed = 0
  #reads = 0

  constructor(deps: ListingDeps, query: InvocationQuery, cursor: Cursor) {
    this.#deps = deps
    this.#query = query
    this.#cursor = cursor
  }

  async read(): Promise<InvocationPage> {
    for await (const { named, next } of this.#candidates()) {
      if (named !== undefined) this.#batch.push(named)
      if (this.#batch.length >= this.#room) await this.#take()
      if (this.#isOver) {
        await this.#take()
        return { invocations: this.#views, next: encodeCursor(next) }
      }
    }
    await this.#take()
    return { invocations: this.#views, next: undefined }
  }

  async *#candidates(): AsyncGenerator<Candidate> {
    const { at, from } = this.#cursor
    const since = this.#query.since ?? at - recentMs
    let { skip } = this.#cursor
    for await (const { subject, place, next } of walkAgenda(this.#deps, { since, from })) {
      this.#passed += 1
      const named = await this.#namedBy(subject)
      for (let told = skip; told < named.length; told++) {
        yield { named: named[told], next: { at, from: place, skip: told + 1 } }
      }
      skip = 0
      yield { named: undefined, next: { at, from: next, skip } }
    }
  }

  /** What an entry's subject tells by itself costs no read. */
  async #namedBy(subject: string): Promise<readonly Named[]> {
    const address = addressOf(subject)
    const { service = address?.service, key = address?.key } = this.#query
    if (address === undefined || address.service !== service || address.key !== key) return []
    if (subject.startsWith('k:')) this.#reads += 1
    return namedBy(this.#deps, subject)
  }

  /** Never more than the page has room for: what is read is told. */
  get #room(): number {
    return Math.max(1, Math.min(sideBySide, this.#query.limit - this.#views.length))
  }

  get #isOver(): boolean {
    const isFull = this.#views.length >= this.#query.limit
    return isFull || this.#passed >= maxEntries || this.#reads >= maxReads
  }

  async #take(): Promise<void> {
    const batch = this.#batch.filter(({ id }) => !this.#met.has(id))
    for (const { id } of batch) this.#met.add(id)
    this.#batch = []
    this.#reads += batch.length
    const states = await Promise.all(batch.map((named) => readNamed(this.#deps, named)))
    batch.forEach(({ id }, index) => {
      const state = states[index]
      const view = state && invocationView(id, state)
      if (view !== undefined && this.#asksFor(view)) this.#views.push(view)
    })
  }

  #asksFor({ target, status, createdAt }: InvocationView): boolean {
    const query = this.#query
    return (
      (query.handler ?? target.handler) === target.handler &&
      (query.status ?? status) === status &&
      createdAt >= (query.since ?? 0)
    )
  }
}

function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/** @throws FermataError `bad-request` */
function decodeCursor(text: string): Cursor {
  try {
    return v.parse(cursorSchema, JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    throw new FermataError('bad-request', 'after: expected the "next" of the page before')
  }
}
