import type { SourceRecord } from '@fermata/orchestrator/ports'

/** A record with something in it; what matters to a test is given. */
export function aRecord(
  given: Partial<SourceRecord> & { readonly text?: string } = {},
): SourceRecord {
  const { text = '{"n":1}', ...rest } = given
  return {
    topic: 'orders',
    partition: 3,
    offset: '42',
    timestamp: 1_700_000_000_000,
    key: null,
    value: Buffer.from(text),
    headers: [],
    ...rest,
  }
}
