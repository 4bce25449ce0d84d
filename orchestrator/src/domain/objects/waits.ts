import type { InvocationId } from '@fermata/lambda-runtime/protocol'

/** `from` goes on when `to` has ended: it called it, attached to it, or waits in the mailbox for its turn. */
export type Wait = {
  readonly from: InvocationId
  readonly to: InvocationId
  readonly by: 'call' | 'attach' | 'turn'
}

/** Invocations that wait for each other in a circle, which nothing but a cancellation will end; `undefined`: there is none. */
export function findCircle(
  waits: readonly Wait[],
  start: InvocationId,
): readonly InvocationId[] | undefined {
  const over = new Set<InvocationId>()
  const visit = (
    id: InvocationId,
    path: readonly InvocationId[],
  ): readonly InvocationId[] | undefined => {
    const seenAt = path.indexOf(id)
    if (seenAt >= 0) return path.slice(seenAt)
    if (over.has(id)) return undefined
    over.add(id)
    for (const { from, to } of waits) {
      const circle = from === id ? visit(to, [...path, id]) : undefined
      if (circle !== undefined) return circle
    }
    return undefined
  }
  return visit(start, [])
}
