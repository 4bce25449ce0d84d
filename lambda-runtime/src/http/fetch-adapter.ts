import { httpTransport } from '../protocol/http.ts'
import { Refusal } from './problem.ts'
import type { HttpCall, Transport } from './transport.ts'

/** A transport as a function from request to response. */
export function fetchHandlerOf(
  transport: Transport,
  maxBodyBytes: number,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { status, headers, body } = await transport.answer(callOf(request, maxBodyBytes))
    return new Response(body, { status, headers: { ...headers } })
  }
}

function callOf(request: Request, maxBodyBytes: number): HttpCall {
  return {
    method: request.method,
    path: lastPart(new URL(request.url).pathname),
    signature: request.headers.get(httpTransport.signatureHeader) ?? undefined,
    body: () => readBody(request, maxBodyBytes),
  }
}

/** `/invoke` of `/anything/invoke`. */
export function lastPart(pathname: string): string {
  return pathname.slice(pathname.lastIndexOf('/'))
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function tooLarge(maxBytes: number): Refusal {
  return new Refusal('body-too-large', `This server takes requests of up to ${maxBytes} bytes`)
}
