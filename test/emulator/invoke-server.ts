import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { serviceException } from './api-error.ts'
import type { InvokeAnswer, InvokeCall } from './invoke-call.ts'
import { readInvokeRequest } from './invoke-request.ts'

export type Invoke = (call: InvokeCall) => Promise<InvokeAnswer>

/** Serves `Invoke` over HTTP. */
export function createInvokeServer(invoke: Invoke): Server {
  const server = createServer((request, response) => {
    answer(invoke, request, response).then(
      (given) => send(response, given),
      () => response.destroy(),
    )
  })
  // Clients pool their connections, and a run may take long: nothing is cut because it is idle.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  return server
}

async function answer(
  invoke: Invoke,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<InvokeAnswer> {
  const read = await readInvokeRequest(request)
  if (read.kind === 'refused') return read
  try {
    return await invoke({ ...read.call, cut: () => response.destroy() })
  } catch {
    return { kind: 'refused', error: serviceException() }
  }
}

function send(response: ServerResponse, given: InvokeAnswer): void {
  // The caller may have gone, or have been cut off, while the function ran.
  if (response.destroyed || given.kind === 'cut') return
  const { status, headers, body } = render(given)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
    ...headers,
  })
  response.end(body)
}

interface Rendered {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: string
}

function render(given: Exclude<InvokeAnswer, { kind: 'cut' }>): Rendered {
  switch (given.kind) {
    case 'refused': {
      const { status, type, body, retryAfterSeconds } = given.error
      const headers: OutgoingHttpHeaders = { 'x-amzn-errortype': type }
      if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
      return { status, headers, body: JSON.stringify(body) }
    }
    case 'ran': {
      const error = given.isError ? { 'x-amz-function-error': 'Unhandled' } : {}
      const headers = { 'x-amz-executed-version': given.version, ...error }
      return { status: 200, headers, body: given.payload }
    }
    case 'accepted':
      return { status: given.status, headers: {}, body: '' }
    default:
      return given satisfies never
  }
}
