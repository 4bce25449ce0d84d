import { Agent, type Dispatcher } from 'undici'

export type HttpRequest = {
  /** Of the deployment. */
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  readonly signal: AbortSignal
  readonly maxAnswerBytes: number
}

export type HttpAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: string
    }
  | { readonly kind: 'too-long' }
  /** `sent`: the request had reached a connection, so it may have been read. */
  | { readonly kind: 'broken'; readonly sent: boolean; readonly error: Error }

/** NAT gateways and load balancers drop connections that are silent for 350 s; handlers may run for hours. */
const tcpKeepAliveMs = 30_000

/** Connections are kept; nothing but the caller's signal ends a request that takes long. */
export function createAgent(connectTimeoutMs: number): Agent {
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: {
      timeout: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
    },
  })
}

/** Sends a request at most once, and tells what is known of it. Never rejects. */
export function sendOnce(agent: Agent, request: HttpRequest): Promise<HttpAnswer> {
  const { url, method, headers, body, signal } = request
  return new Promise((resolve) => {
    const exchange = new Exchange(request.maxAnswerBytes, (answer) => {
      signal.removeEventListener('abort', giveUp)
      resolve(answer)
    })
    const giveUp = () => exchange.giveUp()
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) return exchange.giveUp()
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body: body ?? null,
      idempotent: false,
    }
    agent.dispatch(options, exchange)
  })
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number
  readonly #end: (answer: HttpAnswer) => void
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #bytes = 0
  #status = 0
  #headers: Readonly<Record<string, string | string[] | undefined>> = {}
  #isOver = false

  constructor(maxBytes: number, end: (answer: HttpAnswer) => void) {
    this.#maxBytes = maxBytes
    this.#end = end
  }

  giveUp(): void {
    this.#finish(this.#broken(new Error('the call was given up')))
  }

  /** There is a connection, and nothing is written yet. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) controller.abort(new Error('the call was given up before it was sent'))
    else this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) this.#finish({ kind: 'too-long' })
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8')
    this.#finish({ kind: 'answered', status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(this.#broken(error))
  }

  #broken(error: Error): HttpAnswer {
    return { kind: 'broken', sent: this.#controller !== undefined, error }
  }

  #finish(answer: HttpAnswer): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#end(answer)
    if (answer.kind !== 'answered') this.#controller?.abort(new Error('nobody waits any more'))
  }
}
