import {
  type Entry,
  type EntryOf,
  type InvocationId,
  type Segment,
  type Value,
  workflowRunId,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import type { ObjectHead, ObjectRef, Slot } from '@fermata/orchestrator/ports'
import { canonical, type HistoryEvent } from './events.ts'

type Journals = ReadonlyMap<InvocationId, readonly Segment[]>
type State = ReadonlyMap<string, Value>
type Of<W extends HistoryEvent['what']> = Extract<HistoryEvent, { what: W }>

/** One key, as its mailbox and its head say. */
type Key = {
  readonly name: string
  readonly slots: Map<number, Slot>
  /** Greatest number of a slot. */
  last: number
  head: ObjectHead | undefined
  /** What the state must be, by what the finished ones journalled, one after the other. */
  state: State
  /** Large values by name and slot. */
  readonly values: Map<string, Value>
}

const fresh = { last: 0, head: undefined, state: new Map<string, Value>() }

/** Keys against a sequential model of each: INV-6 and 7. */
export class ObjectRules {
  readonly #journals: Journals
  readonly #keys = new Map<string, Key>()
  readonly #places = new Map<InvocationId, { readonly key: Key; readonly slot: number }>()

  constructor(journals: Journals) {
    this.#journals = journals
  }

  /** INV-6: an attempt of an exclusive one begins only while its slot holds the key. */
  takeSegment({ invocation: id, segment: { entries } }: Of<'segment'>): readonly string[] {
    const created = entries.findLast((entry) => entry.kind === 'created')
    if (created !== undefined) this.#place(id, created)
    const place = this.#places.get(id)
    if (place === undefined || !entries.some(({ kind }) => kind === 'attempt')) return []
    const done = place.key.head?.done ?? 0
    if (done === place.slot - 1) return []
    return [`INV-6: ${id} of slot ${place.slot} begins while ${done} are done`]
  }

  #place(id: InvocationId, { slot = 0, target: { service, key } }: EntryOf<'created'>): void {
    if (slot > 0 && key !== undefined) {
      this.#places.set(id, { key: this.#keyOf({ service, key }), slot })
    }
  }

  takeSlot({ object, slot, at }: Of<'slot'>): readonly string[] {
    const key = this.#keyOf(object)
    const standing = key.slots.get(slot.n)
    key.slots.set(slot.n, slot)
    if (standing !== undefined && standing.expires > at) {
      return canonical([standing.writer, standing.mail]) === canonical([slot.writer, slot.mail])
        ? []
        : [`INV-6: slot ${slot.n} of ${key.name} was given away twice`]
    }
    const before = Math.max(key.last, key.head?.done ?? 0)
    key.last = Math.max(key.last, slot.n)
    if (slot.n === before + 1 || (before === 0 && key.slots.size === 1)) return []
    return [`INV-6: slot ${slot.n} of ${key.name} follows slot ${before}`]
  }

  takeHead({ object, head, at }: Of<'head'>): readonly string[] {
    const key = this.#keyOf(object)
    const before = key.head
    key.head = head
    const isFirst = before === undefined || (before.expires ?? Number.POSITIVE_INFINITY) <= at
    if (isFirst && head.done === 0) return []
    if (isFirst) return this.#pass(key, { ...head, version: 0 }, head, new Map())
    if (head.done < before.done) {
      return [`INV-6: ${key.name} goes back from ${before.done} to ${head.done}`]
    }
    if (head.done > before.done + 1) {
      return [`INV-6: ${key.name} goes from ${before.done} to ${head.done}`]
    }
    if (head.done > before.done) return this.#pass(key, before, head, key.state)
    const [shown, shows] = [before.live, head.live]
    if (shown?.slot === shows?.slot && (shown?.n ?? 0) > (shows?.n ?? 0)) {
      return [`INV-7: ${key.name} shows what its holder of slot ${shown?.slot} had before`]
    }
    return canonical([before.cells, before.version]) === canonical([head.cells, head.version])
      ? []
      : [`INV-7: the state of ${key.name} changes, though slot ${head.done} was over`]
  }

  takeValue({ object, name, slot, value }: Of<'value'>): readonly string[] {
    this.#keyOf(object).values.set(`${name}#${slot}`, value)
    return []
  }

  /** Every slot has had its turn (INV-10). To be asked when all is over. */
  atRest(): readonly string[] {
    return [...this.#keys.values()].flatMap(({ name, last, head }) =>
      (head?.done ?? 0) >= last
        ? []
        : [`INV-10: of ${last} slots of ${name} ${head?.done ?? 0} are over`],
    )
  }

  /** The slot after `before.done` is over: who held it must be, and the state is what he left (INV-6, INV-7). */
  #pass(key: Key, before: ObjectHead, head: ObjectHead, state: State): readonly string[] {
    const slot = key.slots.get(head.done)
    if (slot === undefined) return this.#passUnknown(key, head)
    const found: string[] = []
    const changes = slot.mail.kind === 'edit' ? editOf(slot) : this.#changesOf(key, slot, found)
    if (slot.mail.kind === 'edit' && slot.mark === 'applied') {
      const { version = before.version } = slot.mail.edit
      if (version !== before.version) {
        found.push(`INV-7: a change of version ${version} of ${key.name} meets ${before.version}`)
      }
    }
    key.state = changes.reduce(change, state)
    const held = heldIn(key, head)
    const [has, wanted] = [canonical([...held]), canonical([...sorted(key.state)])]
    if (has !== wanted) {
      found.push(`INV-7: after slot ${head.done} ${key.name} holds ${has}, not ${wanted}`)
    }
    if (head.version < before.version) found.push(`INV-7: the version of ${key.name} goes back`)
    return found
  }

  /** Its mailbox has not been seen. */
  #passUnknown(key: Key, head: ObjectHead): readonly string[] {
    key.state = heldIn(key, head)
    return key.slots.size === 0
      ? []
      : [`INV-6: ${key.name} passes slot ${head.done}: there is none`]
  }

  #changesOf(key: Key, slot: Slot, found: string[]): readonly Change[] {
    if (slot.mail.kind === 'edit') return []
    const { invocation } = slot.mail
    const segments = this.#journals.get(invocation) ?? []
    const state = evolveAll(segments)
    if (state === undefined) {
      found.push(`INV-6: ${key.name} passes slot ${slot.n}, and ${invocation} has not begun`)
      return []
    }
    // It has another place, or ended before it got this one.
    if (state.created.slot !== slot.n) return []
    if (state.phase.kind !== 'closed') {
      found.push(`INV-6: ${key.name} passes slot ${slot.n} while ${invocation} holds it`)
    }
    const changes = segments
      .filter(({ n }) => !state.refused.has(n))
      .flatMap(({ entries }) => entries)
      .filter(isChange)
    // A workflow's run has no state before it.
    return workflowRunId(state.created.target) === undefined ? changes : [clearAll, ...changes]
  }

  #keyOf({ service, key }: ObjectRef): Key {
    const name = `${service}#${key}`
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const made: Key = { name, slots: new Map(), values: new Map(), ...fresh }
    this.#keys.set(name, made)
    return made
  }
}

type Change = EntryOf<'state-set'> | EntryOf<'state-clear'> | EntryOf<'state-clear-all'>
const clearAll: Change = { kind: 'state-clear-all', op: 0 }

function isChange(entry: Entry): entry is Change {
  return ['state-set', 'state-clear', 'state-clear-all'].includes(entry.kind)
}

/** A person's change, where it was made. */
function editOf({ mail, mark }: Slot): readonly Change[] {
  if (mail.kind !== 'edit' || mark !== 'applied') return []
  const { cleared, values } = mail.edit.patch
  return [
    ...(cleared ? [clearAll] : []),
    ...values.map(
      ([name, value]): Change =>
        value === null
          ? { kind: 'state-clear', op: 0, name }
          : { kind: 'state-set', op: 0, name, value },
    ),
  ]
}

function change(state: State, made: Change): State {
  if (made.kind === 'state-clear-all') return new Map()
  const next = new Map(state)
  if (made.kind === 'state-set') next.set(made.name, made.value)
  else next.delete(made.name)
  return next
}

/** What the head holds, with what it points to. */
function heldIn({ values }: Key, { cells }: ObjectHead): State {
  const held = cells.map((cell): [string, Value] => {
    if ('value' in cell) return [cell.name, cell.value]
    return [cell.name, values.get(`${cell.name}#${cell.slot}`) ?? { json: 'nothing is there' }]
  })
  return sorted(new Map(held))
}

function sorted(state: State): State {
  return new Map([...state].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
