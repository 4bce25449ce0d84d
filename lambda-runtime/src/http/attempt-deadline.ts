import type { InvokeRequest } from '../protocol/index.ts'

/**
 * How long the attempt may take, in ms, as the orchestrator wrote when it began it. Both times are from the
 * orchestrator's clock, so that it does not matter how far the clocks are apart. `Infinity` where the part of the
 * journal that was sent does not say.
 */
export function attemptMs({ journal, epoch }: InvokeRequest): number {
  for (const { at, entries } of journal.toReversed()) {
    for (const entry of entries) {
      if (entry.kind !== 'attempt' || entry.epoch !== epoch) continue
      return entry.deadline === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(0, entry.deadline - at)
    }
  }
  return Number.POSITIVE_INFINITY
}
