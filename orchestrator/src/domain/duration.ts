import * as v from 'valibot'

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const notation = /^(\d{1,15}(?:\.\d{1,3})?)(ms|s|m|h|d)$/

/** Reads `'250ms' | '20s' | '5m' | '1h' | '7d'`, or milliseconds. `undefined`: it is no duration. */
export function parseDuration(input: unknown): number | undefined {
  const ms = typeof input === 'string' ? parseText(input) : input
  return typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined
}

function parseText(text: string): number | undefined {
  const [, amount, unit] = notation.exec(text) ?? []
  if (amount === undefined) return undefined
  return Math.round(Number(amount) * units[unit as keyof typeof units])
}

const expected = 'expected a duration such as "250ms", "20s", "5m", "1h", "7d", or milliseconds'

/** A duration as people write it, read into milliseconds. */
export const durationSchema = v.pipe(
  v.union([v.string(), v.number()], expected),
  v.rawTransform<string | number, number>(({ dataset, addIssue, NEVER }) => {
    const ms = parseDuration(dataset.value)
    if (ms !== undefined) return ms
    addIssue({ message: expected })
    return NEVER
  }),
)
