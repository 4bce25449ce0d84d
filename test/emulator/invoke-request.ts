import type { IncomingMessage } from 'node:http'
import {
  type ApiError,
  invalidParameter,
  invalidRequestContent,
  requestTooLarge,
  unknownOperation,
} from './api-error.ts'
import { parseReference } from './function-name.ts'
import type { InvocationType, InvokeCall } from './invoke-call.ts'
import { maxAsyncRequestBytes, maxRequestBytes } from './limits.ts'

export type ReadRequest =
  | { readonly kind: 'call'; readonly call: Omit<InvokeCall, 'cut'> }
  | { readonly kind: 'refused'; readonly error: ApiError }

const path = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/

/** Reads and checks one HTTP request. Rejects when the caller goes away before its end. */
export async function readInvokeRequest(request: IncomingMessage): Promise<ReadRequest> {
  const body = await readBody(request)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const encodedName = path.exec(pathname)?.[1]
  if (request.method !== 'POST' || encodedName === undefined) return refused(unknownOperation())
  const qualifier = searchParams.get('Qualifier') ?? undefined
  const parsed = parseReference(decodeName(encodedName), qualifier)
  if (parsed.kind === 'invalid') return refused(invalidParameter(parsed.message))
  const type = invocationType(request)
  if (type === undefined) return refused(invalidParameter('Unknown X-Amz-Invocation-Type'))
  const maxBytes = type === 'Event' ? maxAsyncRequestBytes : maxRequestBytes
  if (body.bytes > maxBytes) return refused(requestTooLarge(maxBytes))
  const payload = body.text === '' ? '{}' : body.text
  const problem = whyNotJson(payload)
  if (problem !== undefined) return refused(invalidRequestContent(problem))
  return { kind: 'call', call: { reference: parsed.reference, type, payload, bytes: body.bytes } }
}

interface Body {
  readonly bytes: number
  /** Empty when there were too many bytes. */
  readonly text: string
}

/** What is too large is counted but not kept. */
async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxRequestBytes) chunks.push(chunk)
  }
  return { bytes, text: bytes <= maxRequestBytes ? Buffer.concat(chunks).toString() : '' }
}

/** What is not well encoded is no function's name either, and is refused as such. */
function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

function invocationType(request: IncomingMessage): InvocationType | undefined {
  const header = request.headers['x-amz-invocation-type'] ?? 'RequestResponse'
  return header === 'RequestResponse' || header === 'Event' || header === 'DryRun'
    ? header
    : undefined
}

function whyNotJson(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function refused(error: ApiError): ReadRequest {
  return { kind: 'refused', error }
}
