import * as v from 'valibot'
import { ProtocolError } from './protocol-error.ts'

/** The version of the wire and of the journal. A reader refuses what is newer than itself. */
export const protocolVersion = 1

/** Checks `input` against `schema`. @throws ProtocolError with the path of the first thing wrong */
export function decodeWith<S extends v.GenericSchema>(
  what: string,
  schema: S,
  input: unknown,
): v.InferOutput<S> {
  const version = protocolOf(input)
  if (version !== undefined && version !== protocolVersion) {
    throw new ProtocolError(
      'protocol-version',
      `This ${what} speaks protocol ${version}, this side speaks ${protocolVersion}: upgrade the older side`,
    )
  }
  const result = parseSafely(what, schema, input)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? '(whole)'
  throw new ProtocolError('protocol-shape', `Not a valid ${what}: ${path}: ${issue.message}`)
}

/** Failures and waiting trees nest: input that nests without end would otherwise end in a RangeError. */
function parseSafely<S extends v.GenericSchema>(
  what: string,
  schema: S,
  input: unknown,
): v.SafeParseResult<S> {
  try {
    return v.safeParse(schema, input, { abortEarly: true })
  } catch {
    throw new ProtocolError('protocol-shape', `Not a valid ${what}: it is nested too deeply`)
  }
}

/** Parses JSON text, then checks it. @throws ProtocolError */
export function decodeJsonWith<S extends v.GenericSchema>(
  what: string,
  schema: S,
  text: string,
): v.InferOutput<S> {
  return decodeWith(what, schema, parseJson(what, text))
}

function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('protocol-json', `Not a valid ${what}: it is not JSON`)
  }
}

function protocolOf(input: unknown): number | undefined {
  if (typeof input !== 'object' || input === null || !('protocol' in input)) return undefined
  return typeof input.protocol === 'number' ? input.protocol : undefined
}
