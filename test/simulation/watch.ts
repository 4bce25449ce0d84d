import type { InvocationId, PromiseRef, Segment } from '@fermata/lambda-runtime/protocol'
import type { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import { decodeDeadRecord } from '@fermata/orchestrator/domain/subscriptions/dead-record'
import { groupIdOf } from '@fermata/orchestrator/domain/subscriptions/subscription'
import type { ObjectRef, PromiseRecord, Slot } from '@fermata/orchestrator/ports'
import type { Happening } from '../history/events.ts'
import { Ledger } from '../history/ledger.ts'
import type { World } from '../unit/engine/world.ts'
import type { History } from './history.ts'

/** Shows the ledger every write at the moment at which it becomes durable, and keeps what is wrong with it. */
export class Watch {
  readonly ledger = new Ledger()
  readonly violations: string[] = []
  /** What was forgotten because somebody asked for it. */
  readonly purged = new Set<InvocationId>()
  /** The kind of entry that was written last. */
  lastEntry = 'nothing'
  readonly #world: World
  readonly #log: MemoryLog
  readonly #history: History
  readonly #topic: string

  constructor(world: World, log: MemoryLog, history: History, topic: string) {
    this.#world = world
    this.#log = log
    this.#history = history
    this.#topic = topic
    this.#watchJournals()
    this.#watchHeads()
    this.#watchSlots()
    this.#watchPromises()
    this.#watchDead()
    this.#watchCommits()
  }

  get stored(): ReadonlyMap<InvocationId, readonly Segment[]> {
    return this.ledger.journals
  }

  #take(who: string, happening: Happening): void {
    for (const violation of this.ledger.take({ at: this.#world.clock.now(), who, ...happening })) {
      this.violations.push(violation)
      this.#history.add('oracle', violation)
    }
  }

  #watchJournals(): void {
    const { journals } = this.#world.stores
    const append = journals.append.bind(journals)
    const restamp = journals.restamp.bind(journals)
    const remove = journals.remove.bind(journals)
    Object.assign(journals, {
      remove: async (...[id, born, count]: Parameters<typeof remove>) => {
        await remove(id, born, count)
        const [first] = this.stored.get(id) ?? []
        const isThere = this.#world.table.journals.get(id)?.has(0) === true
        if (first?.born !== born || isThere) return
        this.purged.add(id)
        this.#history.add('orchestrator', `forgets ${id}`)
        this.#take('orchestrator', { what: 'segment-gone', invocation: id, n: 0 })
      },
      restamp: async (...[id, born, count, expires]: Parameters<typeof restamp>) => {
        await restamp(id, born, count, expires)
        const [first] = this.stored.get(id) ?? []
        const kept = this.#world.table.journals.get(id)?.get(0)?.expires
        if (first?.born !== born || kept === undefined) return
        const stamped = { segment: first, expires: kept }
        this.#take('orchestrator', { what: 'segment', invocation: id, ...stamped })
      },
      append: async (...[id, segment, expires]: Parameters<typeof append>) => {
        const answer = await append(id, segment, expires)
        if (answer.kind !== 'appended') return answer
        if (this.#comesTooLate(id, segment)) this.#forget(id, segment)
        else this.#remember(id, segment, expires)
        return answer
      },
    })
  }

  /** Of a life that was forgotten: nobody will read it. */
  #comesTooLate(id: InvocationId, { n, born }: Segment): boolean {
    return n > 0 && this.purged.has(id) && this.stored.get(id)?.[0]?.born !== born
  }

  /** What was done before it was forgotten may be written after it, but nothing may begin then. */
  #forget(id: InvocationId, { n, by, entries }: Segment): void {
    this.#history.add(by, `${id} ${n}: too late`)
    if (entries.every(({ kind }) => kind !== 'attempt')) return
    this.violations.push(`INV-2: an attempt of ${id} begins after it was forgotten`)
  }

  #remember(id: InvocationId, segment: Segment, expires: number): void {
    const isKnown = this.stored
      .get(id)
      ?.some(({ n, born }) => n === segment.n && born === segment.born)
    if (isKnown !== true) {
      const kinds = segment.entries.map((entry) => describe(entry)).join(' ')
      this.#history.add(segment.by, `${id} ${segment.n}: ${kinds}`)
      this.lastEntry = segment.entries.at(-1)?.kind ?? this.lastEntry
    }
    const stamp = segment.n === 0 ? { expires } : {}
    this.#take(segment.by, { what: 'segment', invocation: id, segment, ...stamp })
  }

  #watchHeads(): void {
    const { objects } = this.#world.stores
    const writeHead = objects.writeHead.bind(objects)
    const putValue = objects.putValue.bind(objects)
    Object.assign(objects, {
      writeHead: async (...[ref, head, before]: Parameters<typeof writeHead>) => {
        const isWritten = await writeHead(ref, head, before)
        if (isWritten) this.#history.add(`${ref.service}#${ref.key}`, `done ${head.done}`)
        if (isWritten) this.#take('orchestrator', { what: 'head', object: ref, head })
        return isWritten
      },
      putValue: async (...[ref, at, value, expires]: Parameters<typeof putValue>) => {
        await putValue(ref, at, value, expires)
        this.#take('orchestrator', { what: 'value', object: ref, ...at, value })
      },
    })
  }

  #watchSlots(): void {
    const { objects } = this.#world.stores
    const append = objects.append.bind(objects)
    const markSlot = objects.markSlot.bind(objects)
    const restampSlot = objects.restampSlot.bind(objects)
    Object.assign(objects, {
      append: async (...[ref, slot]: Parameters<typeof append>) => {
        const answer = await append(ref, slot)
        if (answer.kind === 'appended') this.#takeSlot(ref, slot.n)
        return answer
      },
      markSlot: async (...[ref, n, mark]: Parameters<typeof markSlot>) => {
        await markSlot(ref, n, mark)
        this.#takeSlot(ref, n)
      },
      restampSlot: async (...[ref, n, expires]: Parameters<typeof restampSlot>) => {
        await restampSlot(ref, n, expires)
        this.#takeSlot(ref, n)
      },
    })
  }

  #takeSlot(object: ObjectRef, n: number): void {
    const text = this.#world.table.objects.get(`${object.service}#${object.key}`)?.slots.get(n)
    if (text === undefined) return
    const slot = JSON.parse(text) as Slot
    this.#take('orchestrator', { what: 'slot', object, slot })
  }

  #watchPromises(): void {
    const { promises } = this.#world.stores
    const complete = promises.complete.bind(promises)
    const restamp = promises.restamp.bind(promises)
    const clear = promises.clear.bind(promises)
    const known = async (workflow: string, key: string) =>
      (await promises.list(workflow, key)).map((record) => ({
        ...{ promise: { workflow, key, name: record.name }, record },
      }))
    const remember = ({ promise, record }: Completed, expires: number) => {
      const { outcome, by } = record
      this.#take('orchestrator', { what: 'promise', promise, outcome, by, expires })
    }
    Object.assign(promises, {
      complete: async (...[promise, outcome, by, expires]: Parameters<typeof complete>) => {
        const record = await complete(promise, outcome, by, expires)
        remember({ promise, record }, expires)
        return record
      },
      restamp: async (...[workflow, key, expires]: Parameters<typeof restamp>) => {
        await restamp(workflow, key, expires)
        for (const one of await known(workflow, key)) remember(one, expires)
      },
      clear: async (...[workflow, key]: Parameters<typeof clear>) => {
        const gone = await known(workflow, key)
        await clear(workflow, key)
        for (const { promise } of gone) this.#take('operator', { what: 'promise-gone', promise })
      },
    })
  }

  #watchDead(): void {
    const { registry } = this.#world.stores
    const put = registry.put.bind(registry)
    Object.assign(registry, {
      put: async (...[collection, name, body, rev]: Parameters<typeof put>) => {
        const isWritten = await put(collection, name, body, rev)
        const position = collection === 'dead' ? decodeDeadRecord(body) : undefined
        if (isWritten && position !== undefined) {
          this.#take('orchestrator', { what: 'dead', ...position })
        }
        return isWritten
      },
    })
  }

  #watchCommits(): void {
    const group = this.#log.group.bind(this.#log)
    const watched = new Set<object>()
    Object.assign(this.#log, {
      group: (id: string) => {
        const found = group(id)
        if (watched.has(found)) return found
        watched.add(found)
        const commit = found.commit.bind(found)
        const subscription = id.replace(groupIdOf(''), '')
        Object.assign(found, {
          commit: (...args: Parameters<typeof commit>) => {
            const [, , { topic, partition }, offset] = args
            commit(...args)
            this.#history.add('kafka', `${partition} is committed up to ${offset}`)
            const position = { subscription, topic, partition, offset: String(offset) }
            if (topic === this.#topic) this.#take('kafka', { what: 'committed', ...position })
          },
        })
        return found
      },
    })
  }
}

type Completed = { readonly promise: PromiseRef; readonly record: PromiseRecord }

/** An entry in a word or two. */
function describe(entry: Segment['entries'][number]): string {
  if (entry.kind === 'attempt') return `attempt-${entry.epoch}`
  return 'op' in entry ? `${entry.kind}-${entry.op}` : entry.kind
}
