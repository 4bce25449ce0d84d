import * as v from 'valibot'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const jsonSchema = v.custom<Json>((value) => value !== undefined, 'expected a JSON value')

/**
 * A user's value as it is stored. What JSON can carry stays plain JSON, readable in the table and over
 * HTTP; `Date`, `Map`, `Set`, `bigint`, bytes, `NaN` … travel as devalue text; `undefined` is `void`. `list` is the
 * array of several, put together by somebody who cannot open them. The last two
 * stand for one of these: `sealed` is what a payload codec made of it (base64), `ref` names a blob that holds it
 * (`bytes` long). Only whoever hands values to users opens them; everybody else passes them on.
 */
export type Value =
  | { json: Json }
  | { rich: string }
  | { void: true }
  | { list: Value[] }
  | { sealed: string }
  | { ref: string; bytes: number }
export const valueSchema: v.GenericSchema<unknown, Value> = v.union([
  v.strictObject({ json: jsonSchema }),
  v.strictObject({ rich: v.string() }),
  v.strictObject({ void: v.literal(true) }),
  v.strictObject({ list: v.array(v.lazy(() => valueSchema)) }),
  v.strictObject({ sealed: v.string() }),
  v.strictObject({ ref: v.string(), bytes: v.number() }),
])

export const voidValue: Value = { void: true }

/** Bytes as a value, in the text that devalue has for them. */
export function bytesValue(bytes: Uint8Array): Value {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return {
    rich: JSON.stringify([
      ['Uint8Array', 1],
      ['ArrayBuffer', base64],
    ]),
  }
}

/** An error as it is stored. `code` says which kind (see docs/errors), `status` is for HTTP. */
export type Failure = {
  readonly code: string
  readonly message: string
  readonly name?: string
  readonly status?: number
  readonly stack?: string
  readonly cause?: Failure
  /** What a payload codec made of message, stack and cause (base64). */
  readonly sealed?: string
}
export const failureSchema: v.GenericSchema<unknown, Failure> = v.object({
  code: v.string(),
  message: v.string(),
  name: v.exactOptional(v.string()),
  status: v.exactOptional(v.number()),
  stack: v.exactOptional(v.string()),
  cause: v.exactOptional(v.lazy(() => failureSchema)),
  sealed: v.exactOptional(v.string()),
})

/** How an op or an invocation ended. */
export const outcomeSchema = v.variant('kind', [
  v.object({ kind: v.literal('value'), value: valueSchema }),
  v.object({ kind: v.literal('failure'), failure: failureSchema }),
])
export type Outcome = v.InferOutput<typeof outcomeSchema>
