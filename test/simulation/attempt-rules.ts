import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'

/**
 * Where nothing goes wrong, no attempt is taken for dead: one that was begun before it could run would look so, be fenced,
 * and cost a write and a place in the line each time (trace 10).
 */
export function attemptViolations(
  journals: ReadonlyMap<InvocationId, readonly Segment[]>,
): readonly string[] {
  return [...journals].flatMap(([id, segments]) => {
    const turns = segments
      .flatMap(({ entries }) => entries)
      .filter(({ kind }) => kind === 'attempt' || ends.has(kind))
    const fenced = turns.findIndex(
      ({ kind }, index) => kind === 'attempt' && turns[index - 1]?.kind === 'attempt',
    )
    return fenced < 0 ? [] : [`an attempt of ${id} was taken for dead, and nothing was wrong`]
  })
}

const ends: ReadonlySet<string> = new Set(['suspended', 'attempt-failed', 'paused', 'output'])
