import type { EntryOf, Outcome, Segment } from '@fermata/lambda-runtime/protocol'

/** What a durable segment asks for. Each is idempotent by a derived id, so it may be carried out again (INV-5). */
export type Effect =
  | {
      readonly kind: 'create'
      readonly how: 'call' | 'send'
      readonly entry: EntryOf<'call'> | EntryOf<'send'>
    }
  | {
      readonly kind: 'complete-awakeable'
      readonly awakeable: string
      readonly outcome: Outcome
    }

/** The effects of one segment: first those that cannot wake the invocation itself, then calls. */
export function effectsOf(segment: Segment): readonly Effect[] {
  const first: Effect[] = []
  const last: Effect[] = []
  for (const entry of segment.entries) {
    if (entry.kind === 'send') first.push({ kind: 'create', how: 'send', entry })
    if (entry.kind === 'call') last.push({ kind: 'create', how: 'call', entry })
    if (entry.kind === 'awakeable-complete') {
      last.push({
        kind: 'complete-awakeable',
        awakeable: entry.awakeable,
        outcome: entry.result,
      })
    }
  }
  return [...first, ...last]
}

/** The segments after `carried` that ask for something, and may. */
export function uncarried(
  segments: readonly Segment[],
  carried: number,
  refused: ReadonlySet<number>,
): readonly Segment[] {
  return segments.filter(
    (segment) => segment.n > carried && !refused.has(segment.n) && effectsOf(segment).length > 0,
  )
}
