import { type Collect, keySchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { durationSchema } from '../../domain/duration.ts'
import { check, closed } from './validation.ts'

const duration = v.optional(
  v.pipe(
    v.string(),
    v.transform((text) => (/^\d+$/.test(text) ? Number(text) : text)),
    durationSchema,
  ),
)
const size = 'expected a number of sends from 1 to 1000'

const sendQuerySchema = v.pipe(
  closed({
    delay: duration,
    debounce: duration,
    batch: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^\d{1,4}$/, size),
        v.transform(Number),
        v.minValue(1, size),
        v.maxValue(1_000, size),
      ),
    ),
    maxWait: duration,
    collectKey: v.optional(keySchema),
  }),
  v.check(
    ({ delay, debounce, batch }) =>
      [delay, debounce, batch].filter((one) => one !== undefined).length <= 1,
    'expected one of delay, debounce and batch',
  ),
  v.check(
    ({ batch, maxWait }) => batch === undefined || maxWait !== undefined,
    'a batch needs maxWait, such as ?batch=100&maxWait=2s',
  ),
  v.check(
    ({ debounce, batch, maxWait, collectKey }) =>
      debounce !== undefined ||
      batch !== undefined ||
      (maxWait === undefined && collectKey === undefined),
    'maxWait and collectKey go with debounce or batch',
  ),
)

export type SendQuery = {
  readonly delayMs: number | undefined
  /** How it is put together with others. */
  readonly collect: Collect | undefined
}

/** What the address of a send says beside whom it is for. @throws InvalidRequest */
export function readSendQuery(query: unknown): SendQuery {
  const { delay, debounce, batch, maxWait, collectKey } = check(sendQuerySchema, query)
  const key = collectKey === undefined ? {} : { key: collectKey }
  if (batch !== undefined) {
    const waitMs = maxWait ?? 0
    return { delayMs: undefined, collect: { how: 'batch', maxSize: batch, waitMs, ...key } }
  }
  if (debounce === undefined) return { delayMs: delay, collect: undefined }
  const bound = maxWait === undefined ? {} : { maxWaitMs: maxWait }
  return {
    delayMs: undefined,
    collect: { how: 'debounce', waitMs: debounce, ...bound, ...key },
  }
}
