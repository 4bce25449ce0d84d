import type { EntryOf, InvocationId } from '@fermata/lambda-runtime/protocol'
import type { HistoryEvent, RecordPosition } from './events.ts'

type Of<W extends HistoryEvent['what']> = Extract<HistoryEvent, { what: W }>

/** One partition, as one subscription reads it. */
type Line = {
  readonly name: string
  readonly topic: string
  readonly partition: number
  /** Invocations by offset; `dead`: it was put aside. */
  readonly accepted: Map<bigint, InvocationId | 'dead'>
  /** All below is known to be accepted or to have been complained of. */
  checked: bigint
  committed: bigint
}

/** Records and what becomes of them: INV-8 and 9, and the order of each key (INV-6). */
export class RecordRules {
  readonly #lines = new Map<string, Line>()
  /** By topic and partition: where it ends. */
  readonly #ends = new Map<string, bigint>()
  /** The last offset that a key has taken in, by key and partition. */
  readonly #taken = new Map<string, bigint>()

  takeSegment({ invocation, segment }: Of<'segment'>): readonly string[] {
    return segment.entries.flatMap((entry) =>
      entry.kind === 'created' ? this.#accept(invocation, entry).found : [],
    )
  }

  /** Also: what one key takes in of one partition, it takes in by offset. */
  takeSlot({ object, slot: { mail, n } }: Of<'slot'>): readonly string[] {
    if (mail.kind === 'edit') return []
    const { found, isNew } = this.#accept(mail.invocation, mail.created)
    const { origin } = mail.created
    if (origin.kind !== 'kafka' || !isNew) return found
    const place = `${object.service}#${object.key}`
    const line = `${place} ${lineName(origin)}`
    const offset = BigInt(origin.offset)
    const last = this.#taken.get(line) ?? -1n
    if (offset > last) this.#taken.set(line, offset)
    if (offset > last) return found
    return [...found, `INV-6: slot ${n} of ${place} holds record ${offset}, after record ${last}`]
  }

  takeDead(position: RecordPosition): readonly string[] {
    const line = this.#lineOf(position)
    const offset = BigInt(position.offset)
    const standing = line.accepted.get(offset)
    line.accepted.set(offset, standing ?? 'dead')
    if (standing === undefined || standing === 'dead') return []
    return [`INV-9: ${line.name}/${offset} is dead, and invocation ${standing}`]
  }

  takeRecords({ topic, partition, end }: Of<'records'>): readonly string[] {
    this.#ends.set(`${topic}/${partition}`, BigInt(end))
    return []
  }

  /** INV-8. */
  takeCommitted(position: RecordPosition): readonly string[] {
    const line = this.#lineOf(position)
    const offset = BigInt(position.offset)
    if (offset > line.committed) line.committed = offset
    const missing = unaccepted(line, offset)
    if (offset > line.checked) line.checked = offset
    return missing.map((one) => `INV-8: ${line.name}/${one} is committed, but not accepted`)
  }

  /** Every record is accepted, and all of that is committed. To be asked when all is over. */
  atRest(): readonly string[] {
    return [...this.#lines.values()].flatMap((line) => {
      const end = this.#ends.get(`${line.topic}/${line.partition}`)
      if (end === undefined) return []
      const behind = `INV-8: ${line.name} is committed up to ${line.committed}, not ${end}`
      return [
        ...unaccepted(line, end).map((one) => `INV-9: ${line.name}/${one} was never accepted`),
        ...(line.committed < end ? [behind] : []),
      ]
    })
  }

  /** INV-9. */
  #accept(id: InvocationId, { origin, restartOf }: EntryOf<'created'>) {
    if (origin.kind !== 'kafka' || restartOf !== undefined) return { found: [], isNew: false }
    const line = this.#lineOf(origin)
    const offset = BigInt(origin.offset)
    const standing = line.accepted.get(offset)
    line.accepted.set(offset, standing ?? id)
    const isTwice = standing !== undefined && standing !== id
    const found = isTwice ? [`INV-9: ${line.name}/${offset} is ${standing} and ${id}`] : []
    return { found, isNew: standing === undefined }
  }

  #lineOf(position: Omit<RecordPosition, 'offset'>): Line {
    const { topic, partition } = position
    const name = lineName(position)
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    const accepted = new Map()
    const made: Line = { name, topic, partition, accepted, checked: 0n, committed: 0n }
    this.#lines.set(name, made)
    return made
  }
}

/** Offsets below `end` that nobody has taken in. */
function unaccepted({ accepted, checked }: Line, end: bigint): readonly bigint[] {
  const found: bigint[] = []
  for (let offset = checked; offset < end; offset++) {
    if (!accepted.has(offset)) found.push(offset)
  }
  return found
}

function lineName({ subscription, topic, partition }: Omit<RecordPosition, 'offset'>): string {
  return `${subscription}: ${topic}/${partition}`
}
