import * as v from 'valibot'
import { closed } from './validation.ts'

/** How an awakeable or a promise is rejected: `{ message, code?, status? }`. */
export const rejectionSchema = v.pipe(
  closed({
    message: v.string(),
    code: v.exactOptional(v.string()),
    status: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599))),
  }),
  v.transform(({ message, code, status }) => ({
    message,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
  })),
)
