/** What one item may hold: a DynamoDB item ends at 400 KB. */
export type BatchLimits = { readonly maxEntries: number; readonly maxBytes: number }

const frameBytes = 64
const ascii = /^[ -~]*$/

/** How many of the first of `entries` fit into one item: at least one, however large. */
export function batchLength(
  entries: readonly { readonly subject: string }[],
  limits: BatchLimits,
): number {
  let bytes = 0
  let length = 0
  for (const { subject } of entries) {
    bytes += frameBytes + subject.length * (ascii.test(subject) ? 1 : 3)
    if (length > 0 && (bytes > limits.maxBytes || length >= limits.maxEntries)) break
    length++
  }
  return length
}
