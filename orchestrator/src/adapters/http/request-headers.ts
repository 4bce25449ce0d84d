import type { IncomingHttpHeaders } from 'node:http'
import { FermataError } from '../../domain/errors.ts'

/** Of one connection, of the body's transport, or secrets that are for us and not for the journal. */
const kept: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  // What stands for all headers where they are sealed: a sender cannot bring it.
  'fermata-sealed',
  'host',
  'idempotency-key',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * What makes sending the same request again the same as sending it once.
 * @throws FermataError `bad-request` for an empty one, which would make all such requests one
 */
export function idempotencyKeyOf({
  headers,
}: {
  readonly headers: IncomingHttpHeaders
}): string | undefined {
  const given = headers['idempotency-key']
  const key = Array.isArray(given) ? given.join(', ') : given
  if (key === undefined || key.trim() !== '') return key
  throw new FermataError('bad-request', 'The header idempotency-key is empty: leave it out')
}

/** The headers that an invocation gets of its request, names in lower case. */
export function invocationHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  // A sender may name more headers that are for this connection only.
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name, value]) => value !== undefined && !kept.has(name) && !named.includes(name))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
