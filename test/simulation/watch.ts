import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import type { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import type { ObjectHead, ObjectRef, Slot } from '@fermata/orchestrator/ports'
import type { World } from '../unit/engine/world.ts'
import type { History } from './history.ts'

/** Sees every write at the moment at which it becomes durable, and what is wrong with it: INV-1, 2, 6, 8 and 12. */
export class Watch {
  readonly stored = new Map<InvocationId, Segment[]>()
  readonly violations: string[] = []
  /** The kind of entry that was written last. */
  lastEntry = 'nothing'
  readonly #world: World
  readonly #log: MemoryLog
  readonly #history: History
  readonly #topic: string
  readonly #slots = new Map<InvocationId, { readonly ref: ObjectRef; readonly slot: number }>()

  constructor(world: World, log: MemoryLog, history: History, topic: string) {
    this.#world = world
    this.#log = log
    this.#history = history
    this.#topic = topic
    this.#watchJournals()
    this.#watchHeads()
    this.#watchCommits()
  }

  #watchJournals(): void {
    const { journals } = this.#world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, {
      append: async (...[id, segment, expires]: Parameters<typeof append>) => {
        const answer = await append(id, segment, expires)
        if (answer.kind === 'appended') this.#remember(id, segment)
        return answer
      },
    })
  }

  #remember(id: InvocationId, segment: Segment): void {
    const known = this.stored.get(id) ?? []
    this.stored.set(id, known)
    const before = known.find(({ n, born }) => n === segment.n && born === segment.born)
    if (before !== undefined) {
      if (JSON.stringify(before) !== JSON.stringify(segment)) {
        this.#found(1, `segment ${segment.n} of ${id} was written twice`)
      }
      return
    }
    const kinds = segment.entries.map((entry) => describe(entry)).join(' ')
    this.#history.add(segment.by, `${id} ${segment.n}: ${kinds}`)
    if (segment.n !== known.length) this.#found(1, `${id} has a hole before ${segment.n}`)
    this.lastEntry = segment.entries.at(-1)?.kind ?? this.lastEntry
    this.#checkEpoch(id, known, segment)
    this.#checkTurn(id, segment)
    known.push(segment)
  }

  /** INV-2: whoever appends has read what stands before, and so knows of any newer attempt. */
  #checkEpoch(id: InvocationId, known: readonly Segment[], segment: Segment): void {
    const epoch = Math.max(0, ...known.map(begunBy))
    const begun = begunBy(segment)
    if (segment.by === 'handler' && segment.epoch < epoch) {
      this.#found(2, `${id} ${segment.n} is of epoch ${segment.epoch}, after ${epoch} has begun`)
    }
    if (begun > 0 && begun <= epoch) {
      this.#found(2, `${id} ${segment.n} begins epoch ${begun} after ${epoch}`)
    }
    if (segment.by === 'handler' && hasEnded(known)) {
      this.#found(2, `${id} ${segment.n} goes on after its attempt has ended`)
    }
    const isClosed = known.some(({ entries }) => entries.some(({ kind }) => kind === 'output'))
    if (isClosed && segment.entries.some(({ kind }) => kind === 'output' || kind === 'attempt')) {
      this.#found(12, `${id} ${segment.n} goes on after the end`)
    }
  }

  /** INV-6: an attempt of an exclusive one begins only while its slot holds the key. */
  #checkTurn(id: InvocationId, { entries }: Segment): void {
    for (const entry of entries) {
      if (entry.kind !== 'created' || entry.slot === undefined || entry.slot === 0) continue
      const { service, key } = entry.target
      if (key !== undefined) this.#slots.set(id, { ref: { service, key }, slot: entry.slot })
    }
    const place = this.#slots.get(id)
    if (place === undefined || !entries.some(isAttempt)) return
    const done = this.#headOf(place.ref)?.done ?? 0
    if (done !== place.slot - 1) {
      this.#found(6, `${id} of slot ${place.slot} begins while ${done} are done`)
    }
  }

  #headOf({ service, key }: ObjectRef): ObjectHead | undefined {
    const head = this.#world.table.objects.get(`${service}#${key}`)?.head
    return head === undefined ? undefined : (JSON.parse(head) as ObjectHead)
  }

  #watchHeads(): void {
    const { objects } = this.#world.stores
    const writeHead = objects.writeHead.bind(objects)
    Object.assign(objects, {
      writeHead: async (...[ref, head, before]: Parameters<typeof writeHead>) => {
        const was = this.#headOf(ref)?.done ?? 0
        const isWritten = await writeHead(ref, head, before)
        if (isWritten) this.#history.add(`${ref.service}#${ref.key}`, `done ${head.done}`)
        if (isWritten && head.done < was) {
          this.#found(6, `${ref.service}#${ref.key} goes back from ${was} to ${head.done}`)
        }
        return isWritten
      },
    })
  }

  /** INV-8. */
  #watchCommits(): void {
    const group = this.#log.group.bind(this.#log)
    const watched = new Set<object>()
    Object.assign(this.#log, {
      group: (id: string) => {
        const found = group(id)
        if (watched.has(found)) return found
        watched.add(found)
        const commit = found.commit.bind(found)
        Object.assign(found, {
          commit: (...args: Parameters<typeof commit>) => {
            const [, , { partition }, offset] = args
            commit(...args)
            this.#history.add('kafka', `${partition} is committed up to ${offset}`)
            this.#checkCommit(partition, offset)
          },
        })
        return found
      },
    })
  }

  #checkCommit(partition: number, offset: bigint): void {
    for (const record of this.#log.read(this.#topic, partition, 0n, Number(offset)).records) {
      const key = Buffer.from(record.key ?? []).toString()
      const slots = this.#world.table.objects.get(`ledger#${key}`)?.slots.values() ?? []
      const isAccepted = [...slots].some((text) => {
        const { mail } = JSON.parse(text) as Slot
        const origin = mail.kind === 'invocation' ? mail.created.origin : undefined
        return (
          origin?.kind === 'kafka' &&
          origin.partition === partition &&
          String(origin.offset) === record.offset
        )
      })
      if (!isAccepted)
        this.#found(8, `${partition}/${record.offset} is committed, but not accepted`)
    }
  }

  #found(invariant: number, what: string): void {
    this.violations.push(`INV-${invariant}: ${what}`)
    this.#history.add('oracle', `INV-${invariant}: ${what}`)
  }
}

function isAttempt({ kind }: Segment['entries'][number]): boolean {
  return kind === 'attempt'
}

const ends: ReadonlySet<string> = new Set(['attempt-failed', 'suspended', 'paused', 'output'])

/** Whether no attempt runs. */
function hasEnded(segments: readonly Segment[]): boolean {
  const entries = segments.flatMap((segment) => segment.entries)
  const last = entries.findLast((entry) => isAttempt(entry) || ends.has(entry.kind))
  return last !== undefined && !isAttempt(last)
}

/** The epoch that it begins; 0: none. */
function begunBy({ entries }: Segment): number {
  return Math.max(0, ...entries.map((entry) => (entry.kind === 'attempt' ? entry.epoch : 0)))
}

/** An entry in a word or two. */
function describe(entry: Segment['entries'][number]): string {
  if (entry.kind === 'attempt') return `attempt-${entry.epoch}`
  return 'op' in entry ? `${entry.kind}-${entry.op}` : entry.kind
}
