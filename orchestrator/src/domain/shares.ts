/** Which of the live replicas this one is, from 0, in an order that all of them know. */
export type Place = { readonly rank: number; readonly of: number }

/**
 * This replica's part of a limit for all: the parts add up to the limit, but nobody's is less than one, or what waits
 * here would wait for ever.
 */
export function shareOf(limit: number, { rank, of }: Place): number {
  if (!Number.isFinite(limit)) return limit
  const rest = limit % of
  return Math.max(1, Math.floor(limit / of) + (rank < rest ? 1 : 0))
}
