import {
  childIdFor,
  type EntryOf,
  type InvocationId,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'

type Journals = ReadonlyMap<InvocationId, readonly Segment[]>

/** What one handler sends to one key stands in its line in the order of its ops (INV-6). */
export function sendViolations(journals: Journals): readonly string[] {
  return [...journals].flatMap(([id, segments]) => {
    const last = new Map<string, number>()
    return segments
      .flatMap(({ entries }) => entries)
      .filter((entry) => entry.kind === 'send')
      .filter(isOrdered)
      .flatMap((entry) => {
        const { target, op } = entry
        const line = `${target.service}#${target.key}`
        const before = last.get(line) ?? 0
        const slot = slotOf(journals, id, entry)
        if (slot === 0) return []
        last.set(line, slot)
        return slot > before ? [] : [`INV-6: op ${op} of ${id} has slot ${slot}, after ${before}`]
      })
  })
}

/** What waits first goes its own way, and what others may have sent before has a place of theirs. */
function isOrdered({ target, notBefore, idempotencyKey }: EntryOf<'send'>): boolean {
  return target.key !== undefined && notBefore === undefined && idempotencyKey === undefined
}

/** 0: it has none. */
function slotOf(journals: Journals, parent: InvocationId, { target, op }: EntryOf<'send'>): number {
  const id = childIdFor(target, { parent, op, idempotencyKey: undefined })
  return evolveAll(journals.get(id) ?? [])?.created.slot ?? 0
}
