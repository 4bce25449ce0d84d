import * as v from 'valibot'

const sourcePattern = /^kafka:\/\/[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9._-]{1,249}$/
const sinkPattern = /^[A-Za-z][A-Za-z0-9_-]{0,99}\/[A-Za-z][A-Za-z0-9_-]{0,99}$/
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** What a subscription consists of, wherever it is stated. */
export const subscriptionFields = {
  /** Follows it for life: group ids and invocation ids are derived from it. */
  name: v.pipe(
    v.string(),
    v.regex(namePattern, 'expected up to 100 letters, digits, ".", "_" or "-"'),
  ),
  source: v.pipe(
    v.string(),
    v.regex(
      sourcePattern,
      'expected "kafka://<cluster>/<topic>", for instance "kafka://main/orders"',
    ),
  ),
  sink: v.pipe(
    v.string(),
    v.regex(sinkPattern, 'expected "<service>/<handler>", for instance "checkout/process"'),
  ),
} as const

/** Who looks after it, where that is a program. Part of what it is: nobody else changes it by the way. */
export const subscriptionOwner = v.pipe(v.string(), v.minLength(1), v.maxLength(600))

/** How a subscription is consumed. */
export const subscriptionOptionFields = {
  startFrom: v.exactOptional(v.picklist(['earliest', 'latest'])),
  limits: v.exactOptional(
    v.object({ running: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))) }),
  ),
} as const
